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
import type { Running } from './command.ts';

const flags = ['--architecture', 'parameter-server'];

const losses = (folder: string): number[] =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { loss?: number; testLoss?: number })
    .map(({ loss, testLoss }) => loss ?? testLoss!);

test('bsp, local or joined, has the losses of one node but for rounding', async () => {
  const file = writeTraining('server.json');
  const [one, three, joined] = ['ps-one', 'ps-three', 'ps-joined'].map((name) => inFolder(name));
  expect(await run('train', file, '--out', one!)).toMatchObject({ code: 0, stderr: '' });
  const local = await run('train', file, ...flags, '--nodes', '3', '--out', three!);
  expect(local).toMatchObject({ code: 0, stderr: '' });
  expect(local.stdout).toMatch(/worker-2 .* server /);

  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--json', '--out', joined!];
  const master = start('train', file, ...flags, ...listen);
  const invitation = await invitationOf(master);
  const workers = [1, 2].map(() => start('join', invitation, '--engine', 'wasm'));
  const ends = await Promise.all(workers.map(({ ended }) => ended));
  for (const end of ends) expect(end).toMatchObject({ code: 0, stderr: '' });
  expect(await master.ended).toMatchObject({ code: 0 });

  expect(modelOf(joined!)).toEqual(modelOf(three!));
  const [expected, actual] = [losses(one!), losses(three!)];
  expect(actual).toHaveLength(expected.length);
  for (const [at, loss] of expected.entries())
    expect(Math.abs(actual[at]! - loss) / loss, `loss ${at}`).toBeLessThan(1e-5);
  expect(await run('evaluate', three!, '--nodes', '2')).toMatchObject({ code: 0 });
  expect(await run('inspect', three!)).toMatchObject({ code: 0 });
});

test('ssp with co-located shards trains, and says how stale gradients were', async () => {
  const file = writeTraining('server-ssp.json');
  const out = inFolder('ps-ssp');
  const settings = ['--nodes', '3', '--consistency', 'ssp:2', '--servers', 'colocated'];
  const { code, stdout } = await run('train', file, ...flags, ...settings, '--out', out);
  expect(code).toBe(0);
  expect(stdout).toMatch(/staleness: [\d.]+ updates .* \d+ at most/);
});

test('a worker and then a server are killed: the last worker does what is left', async () => {
  const file = writeTraining('ps-killed.json', { epochs: 60 });
  const [one, out] = ['ps-undisturbed', 'ps-killed'].map((name) => inFolder(name));
  expect(await run('train', file, '--out', one!)).toMatchObject({ code: 0 });
  const listen = ['--workers', '3', '--listen', '127.0.0.1:0', '--json', '--out', out!];
  const training = start('train', file, ...flags, ...listen);
  const invitation = await invitationOf(training);
  const devices: Running[] = [];
  for (const number of [1, 2, 3]) {
    devices.push(start('join', invitation, '--engine', 'wasm'));
    await training.said(new RegExp(`"type":"joined","node":"worker-${number}"`));
  }
  const [worker, other, server] = devices;
  await training.said(/"type":"step","step":9,/);
  worker!.child.kill('SIGKILL');
  await training.said(/"type":"dropped","node":"worker-1".*\n(.*\n)*.*"type":"step"/);
  server!.child.kill('SIGKILL');
  const { code, stdout, stderr } = await training.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/"type":"lost","node":"worker-3"[^]*"type":"reformed","cause":"lost"/);
  expect(await other!.ended).toMatchObject({ code: 0 });
  const expected = losses(one!);
  expect(losses(out!)).toHaveLength(expected.length);
  expect(Math.abs(losses(out!).at(-1)! / expected.at(-1)! - 1)).toBeLessThan(0.1);
});

test.runIf(process.platform === 'linux').each([['1'], ['colocated']])(
  'with %s server a master that was killed is taken up again: the same model',
  async (servers) => {
    const file = writeTraining('ps-resumed.json', { epochs: 12 });
    const settings = [...flags, '--nodes', '3', '--servers', servers];
    const [whole, resumed] = ['ps-whole', 'ps-resumed'].map((name) =>
      inFolder(`${name}-${servers}`),
    );
    expect(await run('train', file, ...settings, '--out', whole!)).toMatchObject({ code: 0 });
    const training = start('train', file, ...settings, '--json', '--out', resumed!);
    await training.said(/"type":"saved"[^]*"type":"step"/);
    const workers = childrenOf(training.child);
    training.child.kill('SIGKILL');
    await training.ended;
    expect(await survivorsOf(workers)).toEqual([]);
    expect(await run('train', '--resume', resumed!)).toMatchObject({ code: 0, stderr: '' });
    expect(losses(resumed!)).toEqual(losses(whole!));
    expect(modelOf(resumed!)).toBe(modelOf(whole!));
  },
);

test.each([
  [['--nodes', '2', '--servers', '2'], /--servers 2 leaves none of 2 nodes to compute/],
  [['--nodes', '3', '--consistency', 'loose'], /'loose' is no consistency: give bsp, async/],
  [['--nodes', '3', '--servers', 'many'], /--servers many: give a whole number from 1/],
])('%j is refused in one line', async (settings, message) => {
  const file = writeTraining('ps-refused.json');
  const refused = await run('train', file, ...flags, ...settings, '--out', inFolder('ps-refused'));
  expect(outcome(refused)).toEqual(failure(2, message));
});
