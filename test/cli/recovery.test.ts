// Devices that are lost, cut off, late or asleep while a ring trains: it ends as one that nothing happened to.

import { beforeAll, expect, test, vi } from 'vitest';
import { childrenOf, invitationOf, start, survivorsOf } from './command.ts';
import type { Running } from './command.ts';
import { expectUndisturbed, makeUndisturbed, startRing } from './deep-ring.ts';
import { startRelay } from './relay.ts';

const linux = process.platform === 'linux';

// Each is a whole training by many processes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(makeUndisturbed);

/** What was told of nodes that went or came; on a busy machine, one may also seem to drag. */
const disturbancesOf = (stdout: string): object[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; cause?: string })
    .filter(({ type, cause }) => type === 'lost' || (type === 'reformed' && cause !== 'slow'));

test.runIf(linux)('a local worker that is killed costs nothing but time', async () => {
  const training = startRing('killed', '--nodes', '5');
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
  expectUndisturbed('killed');
  expect(await survivorsOf(workers)).toEqual([]);
});

test.runIf(linux)('a worker that stands still for 5 s is not missed', async () => {
  const training = startRing('stopped', '--nodes', '5');
  await training.said(/"type":"step","step":150,/);
  const [worker] = childrenOf(training.child);
  process.kill(worker!, 'SIGSTOP');
  setTimeout(() => process.kill(worker!, 'SIGCONT'), 5000);
  const { code, stdout } = await training.ended;
  expect(code).toBe(0);
  expect(disturbancesOf(stdout)).toEqual([]);
  expectUndisturbed('stopped');
});

test('a link that is cut loses nothing; one that is pulled, a node', async () => {
  const training = startRing('cut', '--workers', '2', '--listen', '127.0.0.1:0');
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
  expectUndisturbed('cut');
  for (const relay of relays) relay.close();
});

test('a device that comes late gets layers; one that leaves is done without', async () => {
  const training = startRing('late', '--workers', '1', '--listen', '127.0.0.1:0');
  const invitation = await invitationOf(training);
  const join = (): Running => start('join', invitation, '--engine', 'wasm');
  const first = join();
  await training.said(/"type":"step","step":50,/);
  const second = join();
  await training.said(/"type":"reformed","cause":"joined"[^]*"type":"step"/);
  first.child.kill('SIGKILL');
  expect(await training.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await second.ended).toMatchObject({ code: 0, stderr: '' });
  expectUndisturbed('late');
});

test.runIf(linux)('a device that slept too long comes back by itself', async () => {
  const training = startRing('slept', '--workers', '2', '--listen', '127.0.0.1:0');
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
  expectUndisturbed('slept');
});
