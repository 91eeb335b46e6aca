import { describe, expect, it } from 'vitest';
import { openBlas } from './blas.ts';
import { createEngine } from './client.ts';
import { describeEngine, evaluate } from './engine.compliance.ts';
import { createInlineEngine } from './inline.ts';
import { graphOf, scattered } from './operators.compliance.ts';

describeEngine('wasm, inline', () => createInlineEngine());
describeEngine('wasm, inline, unshared memory', () => createInlineEngine({ shared: false }));
describeEngine('wasm on a thread', () => createEngine({ kind: 'wasm' }));
describeEngine('wasm on two threads', () => createEngine({ kind: 'wasm', threads: 2 }));

const missing = await openBlas().then(
  () => undefined,
  (error: Error) => error.message,
);
if (missing === undefined) describeEngine('blas', () => createEngine({ kind: 'blas' }));
// oxlint-disable-next-line no-console -- a skipped suite says why
else console.log(`the engine blas is not tested: ${missing}`);

describe('engines on threads', () => {
  const kinds = missing === undefined ? (['wasm', 'blas'] as const) : (['wasm'] as const);
  it.each(kinds)('give the same bits on any number of threads (%s)', async (kind) => {
    const engines = await Promise.all([1, 2, 3].map((threads) => createEngine({ kind, threads })));
    // Large enough that every engine splits them, by rows and by columns.
    for (const [m, n] of [
      [317, 101],
      [75, 401],
    ] as const) {
      const operand = (rows: number, columns: number) => {
        const values = scattered(rows);
        return { shape: [rows, columns], type: 'float32', values } as const;
      };
      const inputs = [operand(m, 521), operand(n, 521)];
      const { graph, data } = graphOf({ op: 'Gemm', inputs, attributes: { transB: 1 } });
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
