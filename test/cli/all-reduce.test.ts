import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  childrenOf,
  failure,
  inFolder,
  invitationOf,
  modelOf,
  outcome,
  run,
  start,
  survivorsOf,
  writeTraining,
} from './command.ts';

const linux = process.platform === 'linux';

const losses = (folder: string): number[] =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { loss?: number; testLoss?: number })
    .map(({ loss, testLoss }) => loss ?? testLoss!);

const expectNear = (folder: string, expected: readonly number[], tolerance: number): void => {
  const actual = losses(folder);
  expect(actual).toHaveLength(expected.length);
  for (const [at, loss] of expected.entries())
    expect(Math.abs(actual[at]! - loss) / loss, `loss ${at}`).toBeLessThan(tolerance);
};

test('three nodes, local or joined, have the losses of one but for rounding', async () => {
  const file = writeTraining('all-reduce.json');
  const [one, three, joined] = ['ar-one', 'ar-three', 'ar-joined'].map((name) => inFolder(name));
  expect(await run('train', file, '--out', one!)).toMatchObject({ code: 0, stderr: '' });
  const flags = ['--architecture', 'all-reduce'];
  const local = await run('train', file, ...flags, '--nodes', '3', '--out', three!);
  expect(local).toMatchObject({ code: 0, stderr: '' });
  expect(local.stdout).toMatch(/sent to the workers before the first step: \d+ samples, .*B/);

  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--json', '--out', joined!];
  const master = start('train', file, ...flags, ...listen);
  const invitation = await invitationOf(master);
  const workers = [1, 2].map(() => start('join', invitation, '--engine', 'wasm'));
  const [first] = await Promise.all(workers.map(({ ended }) => ended));
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first!.stdout).toMatch(/holds all 8 layers: .*dense/);
  const { code, stdout } = await master.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/"type":"shipped","samples":\d+,"bytes":\d+,"seconds":/);

  expect(modelOf(joined!)).toEqual(modelOf(three!));
  expectNear(three!, losses(one!), 1e-5);
  expect(await run('evaluate', three!, '--nodes', '2')).toMatchObject({ code: 0 });
});

test.runIf(linux)('a worker that is killed costs no step, nor does one that comes', async () => {
  const file = writeTraining('ar-killed.json', { epochs: 60 });
  const [one, killed] = ['ar-undisturbed', 'ar-killed'].map((name) => inFolder(name));
  expect(await run('train', file, '--out', one!)).toMatchObject({ code: 0, stderr: '' });
  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--json', '--out', killed!];
  const master = start('train', file, '--architecture', 'all-reduce', ...listen);
  const invitation = await invitationOf(master);
  const [first, second] = [1, 2].map(() => start('join', invitation, '--engine', 'wasm'));
  await master.said(/"type":"step","step":20,/);
  first!.child.kill('SIGKILL');
  await master.said(/"type":"reformed","cause":"lost".*"replay":0/);
  const third = start('join', invitation, '--engine', 'wasm');
  const { code, stdout, stderr } = await master.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/"type":"reformed","cause":"joined"/);
  for (const { ended } of [second!, third]) expect(await ended).toMatchObject({ code: 0 });
  expectNear(killed!, losses(one!), 1e-3);
});

test.runIf(linux)('a master that was killed is taken up again: the same model', async () => {
  const file = writeTraining('ar-resumed.json', { epochs: 12 });
  const flags = ['--architecture', 'all-reduce', '--nodes', '3'];
  const [whole, resumed] = ['ar-whole', 'ar-resumed'].map((name) => inFolder(name));
  expect(await run('train', file, ...flags, '--out', whole!)).toMatchObject({ code: 0 });
  const training = start('train', file, ...flags, '--json', '--out', resumed!);
  await training.said(/"type":"saved"[^]*"type":"step"/);
  const workers = childrenOf(training.child);
  training.child.kill('SIGKILL');
  await training.ended;
  expect(await survivorsOf(workers)).toEqual([]);
  expect(await run('train', '--resume', resumed!)).toMatchObject({ code: 0, stderr: '' });
  expect(losses(resumed!)).toEqual(losses(whole!));
  expect(modelOf(resumed!)).toBe(modelOf(whole!));
});

test('more nodes than samples of a batch are refused', async () => {
  const file = writeTraining('ar-many.json', { batch: 2 });
  const flags = ['--architecture', 'all-reduce', '--nodes', '3'];
  expect(outcome(await run('train', file, ...flags, '--out', inFolder('ar-many')))).toEqual(
    failure(2, /a batch has 2 samples, so at most 2 workers can share it, not 3/),
  );
});
