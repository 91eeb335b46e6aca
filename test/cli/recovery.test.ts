import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
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
import type { Ended, Running } from './command.ts';
import { startRelay } from './relay.ts';

const linux = process.platform === 'linux';

// Each is a whole training by many processes.
vi.setConfig({ testTimeout: 120_000 });

const deep = {
  model: [16, 14, 12, 10, 8, 6].flatMap((units) => [{ layer: 'dense', units }, { layer: 'relu' }]),
  epochs: 60,
};

const file = (): string =>
  writeTraining('deep.json', { ...deep, model: [...deep.model, { layer: 'dense', units: 3 }] });

beforeAll(async () => {
  await run('train', file(), '--out', inFolder('undisturbed'));
});

const isUndisturbed = (name: string): void =>
  expect(modelOf(inFolder(name))).toBe(modelOf(inFolder('undisturbed')));

/** What was told of nodes that went or came; on a busy machine, one may also seem to drag. */
const disturbancesOf = (stdout: string): object[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; cause?: string })
    .filter(({ type, cause }) => type === 'lost' || (type === 'reformed' && cause !== 'slow'));

/** Takes a run up again that has lost its checkpoint: there are only copies of layers to begin from. */
async function resumedWithoutCheckpoint(name: string): Promise<Ended> {
  for (const file of ['model.safetensors', 'state.safetensors']) rmSync(join(inFolder(name), file));
  const resumed = await run('train', '--resume', inFolder(name), '--json');
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
  return resumed;
}

const firstStepOf = (stdout: string): number =>
  Number(/"type":"(?:replayed|step)","step":(\d+)/.exec(stdout)?.[1]);

const ring = (name: string, ...flags: string[]): Running =>
  start('train', file(), ...flags, '--json', '--out', inFolder(name));

test.runIf(linux)('a local worker that is killed costs nothing but time', async () => {
  const training = ring('killed', '--nodes', '5');
  await training.said(/"type":"step","step":150,/);
  const workers = childrenOf(training.child);
  expect(workers).toHaveLength(4);
  process.kill(workers[1]!, 'SIGKILL');
  const { code, stdout, stderr } = await training.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(disturbancesOf(stdout)).toEqual([
    expect.objectContaining({ type: 'lost', node: expect.stringMatching(/^worker-/) }),
    expect.objectContaining({ type: 'reformed', cause: 'lost' }),
  ]);
  isUndisturbed('killed');
  expect(await survivorsOf(workers)).toEqual([]);
});

test.runIf(linux)('a worker that stands still for 5 s is not missed', async () => {
  const training = ring('stopped', '--nodes', '5');
  await training.said(/"type":"step","step":150,/);
  const [worker] = childrenOf(training.child);
  process.kill(worker!, 'SIGSTOP');
  setTimeout(() => process.kill(worker!, 'SIGCONT'), 5000);
  const { code, stdout } = await training.ended;
  expect(code).toBe(0);
  expect(disturbancesOf(stdout)).toEqual([]);
  isUndisturbed('stopped');
});

test('a link that is cut loses nothing; one that is pulled, a node', async () => {
  const training = ring('cut', '--workers', '2', '--listen', '127.0.0.1:0');
  const invitation = await invitationOf(training);
  const relays = [await startRelay(invitation), await startRelay(invitation)];
  for (const relay of relays) start('join', relay.invitation, '--engine', 'wasm', '--wait', '0');
  for (const step of [20, 60, 100]) {
    await training.said(new RegExp(`"type":"step","step":${step},`));
    for (const relay of relays) relay.cut();
  }
  const undisturbed = await training.said(/^[^]*"type":"step","step":140,/);
  expect(undisturbed[0]).not.toMatch(/"type":"lost"/);
  relays[1]!.pull();
  const { code, stdout } = await training.ended;
  expect(code).toBe(0);
  expect(disturbancesOf(stdout)).toMatchObject([
    { type: 'lost', reason: expect.stringContaining('silent') },
    { type: 'reformed', cause: 'lost' },
  ]);
  isUndisturbed('cut');
  for (const relay of relays) relay.close();
});

test('a device that comes late gets layers; one that leaves is done without', async () => {
  const training = ring('late', '--workers', '1', '--listen', '127.0.0.1:0');
  const invitation = await invitationOf(training);
  const join = (): Running => start('join', invitation, '--engine', 'wasm');
  const first = join();
  await training.said(/"type":"step","step":50,/);
  const second = join();
  await training.said(/"type":"reformed","cause":"joined"[^]*"type":"step"/);
  first.child.kill('SIGKILL');
  expect(await training.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await second.ended).toMatchObject({ code: 0, stderr: '' });
  isUndisturbed('late');
});

test.runIf(linux)('a device that slept too long comes back by itself', async () => {
  const training = ring('slept', '--workers', '2', '--listen', '127.0.0.1:0');
  const invitation = await invitationOf(training);
  const [first, second] = [0, 1].map(() => start('join', invitation, '--engine', 'wasm'));
  await training.said(/"type":"step","step":50,/);
  first!.child.kill('SIGSTOP');
  await training.said(/"type":"reformed","cause":"lost"/);
  // The other holds the training up, which would be over before the first is back.
  second!.child.kill('SIGSTOP');
  first!.child.kill('SIGCONT');
  await first!.said(/knocking again[^]*joined; waiting/);
  second!.child.kill('SIGCONT');
  await training.said(/"type":"reformed","cause":"joined"/);
  expect(await training.ended).toMatchObject({ code: 0, stderr: '' });
  const { code, stdout } = await first!.ended;
  expect(code).toBe(0);
  expect(stdout).toContain('knocking again for 60 s');
  isUndisturbed('slept');
});

test('workers wait for a master that was killed, and bring their copies back', async () => {
  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--replicate-every', '5'];
  const training = ring('returned', ...listen);
  const invitation = await invitationOf(training);
  const workers = [0, 1].map(() => start('join', invitation, '--engine', 'wasm'));
  await training.said(/"type":"step","step":150,/);
  training.child.kill('SIGKILL');
  for (const worker of workers) await worker.said(/the master is gone.*knocking again for 60 s/);
  const resumed = await resumedWithoutCheckpoint('returned');
  for (const worker of workers) expect(await worker.ended).toMatchObject({ code: 0 });
  expect(firstStepOf(resumed.stdout)).toBeGreaterThan(140);
  isUndisturbed('returned');
});

test.runIf(linux)(
  'copies that local workers left on disk are found by those who come after them',
  async () => {
    const training = ring('inherited', '--nodes', '4', '--replicate-every', '5');
    await training.said(/"type":"step","step":150,/);
    const workers = childrenOf(training.child);
    training.child.kill('SIGKILL');
    expect(await survivorsOf(workers)).toEqual([]);
    const resumed = await resumedWithoutCheckpoint('inherited');
    expect(firstStepOf(resumed.stdout)).toBeGreaterThan(140);
    isUndisturbed('inherited');
  },
);

test('a worker whose master does not come back says so', async () => {
  const training = ring('gone', '--workers', '1', '--listen', '127.0.0.1:0');
  const flags = ['--engine', 'wasm', '--wait', '1'];
  const worker = start('join', await invitationOf(training), ...flags);
  await training.said(/"type":"step"/);
  training.child.kill('SIGKILL');
  expect(outcome(await worker.ended)).toEqual(
    failure(5, /the master is gone: .*; it was not there again within 1 s/),
  );
});
