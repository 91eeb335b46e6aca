// A master that is killed: workers wait for it, and copies of layers are found again wherever they are.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import {
  childrenOf,
  failure,
  inFolder,
  invitationOf,
  outcome,
  run,
  start,
  survivorsOf,
} from './command.ts';
import type { Ended } from './command.ts';
import { expectUndisturbed, makeUndisturbed, startRing } from './deep-ring.ts';

const linux = process.platform === 'linux';

// Each is a whole training by many processes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(makeUndisturbed);

/** Takes a run up again that has lost its checkpoint: there are only copies of layers to begin from. */
async function resumedWithoutCheckpoint(name: string): Promise<Ended> {
  for (const file of ['model.safetensors', 'state.safetensors']) rmSync(join(inFolder(name), file));
  const resumed = await run('train', '--resume', inFolder(name), '--json');
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
  return resumed;
}

const firstStepOf = (stdout: string): number =>
  Number(/"type":"(?:replayed|step)","step":(\d+)/.exec(stdout)?.[1]);

test('workers wait for a master that was killed, and bring their copies back', async () => {
  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--replicate-every', '5'];
  const training = startRing('returned', ...listen);
  const invitation = await invitationOf(training);
  const workers = [0, 1].map(() => start('join', invitation, '--engine', 'wasm'));
  await training.said(/"type":"step","step":150,/);
  training.child.kill('SIGKILL');
  for (const worker of workers) await worker.said(/the master is gone.*knocking again for 60 s/);
  const resumed = await resumedWithoutCheckpoint('returned');
  for (const worker of workers) expect(await worker.ended).toMatchObject({ code: 0 });
  expect(firstStepOf(resumed.stdout)).toBeGreaterThan(140);
  expectUndisturbed('returned');
});

test.runIf(linux)(
  'copies that local workers left on disk are found by those who come after them',
  async () => {
    const training = startRing('inherited', '--nodes', '4', '--replicate-every', '5');
    await training.said(/"type":"step","step":150,/);
    const workers = childrenOf(training.child);
    training.child.kill('SIGKILL');
    expect(await survivorsOf(workers)).toEqual([]);
    const resumed = await resumedWithoutCheckpoint('inherited');
    expect(firstStepOf(resumed.stdout)).toBeGreaterThan(140);
    expectUndisturbed('inherited');
  },
);

test('a worker whose master does not come back says so', async () => {
  const training = startRing('gone', '--workers', '1', '--listen', '127.0.0.1:0');
  const flags = ['--engine', 'wasm', '--wait', '1'];
  const worker = start('join', await invitationOf(training), ...flags);
  await training.said(/"type":"step"/);
  training.child.kill('SIGKILL');
  expect(outcome(await worker.ended)).toEqual(
    failure(5, /the master is gone: .*; it was not there again within 1 s/),
  );
});
