import { describe, expect, it } from 'vitest';
import { openBlas } from './blas.ts';
import { createEngine } from './client.ts';
import { describeEngine, evaluate } from './engine.compliance.ts';
import { createInlineEngine } from './inline.ts';
import { graphOf, operatorCases } from './operators.compliance.ts';

describeEngine('wasm, inline', () => createInlineEngine());
describeEngine('wasm, inline, unshared memory', () => createInlineEngine({ shared: false }));
describeEngine('wasm on a thread', () => createEngine({ kind: 'wasm' }));
describeEngine('wasm on two threads', () => createEngine({ kind: 'wasm', threads: 2 }));

const missing = await openBlas(1).then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing === undefined) describeEngine('blas', () => createEngine({ kind: 'blas' }));
// oxlint-disable-next-line no-console -- a skipped suite says why
else console.log(`the engine blas is not tested: ${missing}`);

describe('wasm engines', () => {
  it('give the same bits on any number of threads', async () => {
    const engines = await Promise.all([
      createInlineEngine(),
      createEngine({ kind: 'wasm' }),
      createEngine({ kind: 'wasm', threads: 3 }),
    ]);
    const large = operatorCases.filter(({ op }) => op === 'Gemm').slice(-24);
    for (const { graph, data } of large.map(graphOf)) {
      const results = await Promise.all(engines.map((engine) => evaluate(engine, graph, data)));
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    }
    await Promise.all(engines.map((engine) => engine.close()));
  });

  it('reject what waits when they are closed', async () => {
    const engine = await createEngine({ kind: 'wasm' });
    const waiting = engine.run([]);
    const [outcome] = await Promise.allSettled([waiting, engine.close()]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE' } });
    await expect(engine.run([])).rejects.toMatchObject({ code: 'ENGINE' });
  });
});
