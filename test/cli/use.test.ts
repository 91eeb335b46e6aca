import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { inFolder, run, start, table, writeTestFile, writeTraining } from './command.ts';

const trained = inFolder('trained');

beforeAll(async () => {
  await run('train', writeTraining('use.json'), '--out', trained);
});

interface Evaluation {
  readonly samples: number;
  readonly loss: number;
  readonly accuracy: number;
}

async function evaluate(...flags: readonly string[]): Promise<Evaluation> {
  const { code, stdout } = await run('evaluate', trained, '--json', ...flags);
  expect(code).toBe(0);
  const { samples, loss, accuracy } = JSON.parse(stdout) as Evaluation;
  return { samples, loss, accuracy };
}

test('evaluate gives what the training ended with, alone and over a ring', async () => {
  const last = readFileSync(`${trained}/metrics.jsonl`, 'utf8').trim().split('\n').at(-1)!;
  const { testLoss, testAccuracy } = JSON.parse(last) as Record<string, number>;
  const alone = await evaluate();
  expect(alone).toEqual({ samples: 48, loss: testLoss, accuracy: testAccuracy });
  expect(await evaluate('--nodes', '3')).toEqual(alone);
  const file = writeTestFile('more.csv', table(31));
  expect(await evaluate('--data', file)).toMatchObject({ samples: 31 });
});

test('predict writes a line a sample, in order, alone and over a ring, with labels or without', async () => {
  const rows = table(50);
  const labelled = writeTestFile('labelled.csv', rows);
  const bare = writeTestFile('bare.csv', rows.replaceAll(/,\w+$/gm, ''));
  const alone = await run('predict', trained, '--data', labelled);
  expect(alone.code).toBe(0);
  const lines = alone.stdout.trim().split('\n');
  expect(lines).toHaveLength(50);
  for (const line of lines) expect(line).toMatch(/^(ash|birch|oak),(1|0\.\d+)$/);
  const out = inFolder('predicted.csv');
  const ring = await run('predict', trained, '--data', bare, '--nodes', '2', '--out', out);
  expect(ring).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(out, 'utf8')).toBe(alone.stdout);
  const jsonl = await run('predict', trained, '--data', bare, '--format', 'jsonl');
  const [first] = jsonl.stdout.split('\n');
  expect(JSON.parse(first!)).toMatchObject({ class: lines[0]!.split(',')[0] });
});

test('whoever reads only the first line of predictions is not told off', async () => {
  const file = writeTestFile('many.csv', table(30_000));
  const predicting = start('predict', trained, '--data', file);
  await predicting.said(/\n/);
  predicting.child.stdout!.destroy();
  const { code, stderr } = await predicting.ended;
  expect(code).toBe(0);
  expect(stderr).not.toMatch(/EPIPE|ringtmp:| at /);
});

test('inspect shows model, settings, history and files', async () => {
  const before = createHash('sha256')
    .update(readFileSync(`${trained}/training.json`))
    .digest();
  const { code, stdout, stderr } = await run('inspect', trained);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ +3 +dense +\[12\] +204$/m);
  expect(stdout).toContain('24 of 24 steps');
  expect(stdout).toMatch(/loss +█[▁-█]+/);
  expect(stdout).toMatch(/model\.safetensors +\S+ kB/);
  expect(
    createHash('sha256')
      .update(readFileSync(`${trained}/training.json`))
      .digest(),
  ).toEqual(before);
});
