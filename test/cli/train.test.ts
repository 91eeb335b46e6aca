import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  childrenOf,
  failure,
  outcome,
  survivorsOf,
  inFolder,
  invitationOf,
  modelOf,
  run,
  start,
  writeTraining,
} from './command.ts';

const linux = process.platform === 'linux';

test('one node and three, local or joined, end with the same parameters; a stranger changes nothing', async () => {
  const file = writeTraining('same.json');
  const [one, three, joined] = ['one', 'three', 'joined'].map((name) => inFolder(name));
  expect(await run('train', file, '--out', one!)).toMatchObject({ code: 0, stderr: '' });
  const local = await run('train', file, '--nodes', '3', '--out', three!);
  expect(local).toMatchObject({ code: 0, stderr: '' });
  expect(local.stdout).toMatch(/^worker-2 +\S+ +\S+ +.*dense/m);
  expect(local.stdout).toContain(`ringtmp inspect ${three}`);

  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--json', '--out', joined!];
  const master = start('train', file, ...listen);
  const invitation = await invitationOf(master);
  const wrong = invitation.replace(/#.*/, '#abcdefghijklmnopqrstuv');
  expect(outcome(await run('join', wrong))).toEqual(failure(4, /secret is wrong/));
  const workers = [
    start('join', invitation, '--engine', 'wasm'),
    start('join', invitation, '-q', '--engine', 'wasm'),
  ];
  const [first, second] = await Promise.all(workers.map(({ ended }) => ended));
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first!.stdout).toMatch(/holds layers \S+ of 8: .*dense/);
  expect(second).toEqual({ code: 0, stdout: '', stderr: '' });
  const { code, stdout } = await master.ended;
  expect(code).toBe(0);
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(reports.at(-1)).toMatchObject({ type: 'end', isComplete: true, step: 24, out: joined });

  expect(modelOf(three!)).toEqual(modelOf(one!));
  expect(modelOf(joined!)).toEqual(modelOf(one!));
  const metrics = readFileSync(join(one!, 'metrics.jsonl'), 'utf8').trim().split('\n');
  expect(metrics).toHaveLength(24 + 4);
  expect(JSON.parse(metrics.at(-1)!)).toMatchObject({ step: 24, epoch: 3 });
});

test('Ctrl-C saves the last whole step and says where', async () => {
  const file = writeTraining('long.json', { epochs: 100_000, nodes: 2 });
  const out = inFolder('stopped');
  const training = start('train', file, '--json', '--out', out);
  await training.said(/"type":"step","step":9,/);
  training.child.kill('SIGINT');
  const ended = await training.ended;
  expect(outcome(ended)).toEqual(
    failure(130, /stopped after step \d+; step \d+ is saved in .*ringtmp train --resume/),
  );
  const [, step, saved] = /after step (\d+); step (\d+)/.exec(ended.stderr)!;
  expect(saved).toBe(step);
  const inspected = await run('inspect', out, '--json');
  expect(inspected.code).toBe(0);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ position: { step: Number(step) } });
  expect(outcome(await run('train', file, '--out', out))).toEqual(
    failure(2, /already holds a run/),
  );
});

test.runIf(linux)('a master that is killed leaves no worker behind', async () => {
  const file = writeTraining('orphans.json', { epochs: 100_000, nodes: 3 });
  const training = start('train', file, '--json', '--out', inFolder('orphans'));
  await training.said(/"type":"step"/);
  const workers = childrenOf(training.child);
  training.child.kill('SIGKILL');
  await training.ended;
  expect(await survivorsOf(workers)).toEqual([]);
});

test('a worker that its user stops is named by the master, which trains on', async () => {
  const file = writeTraining('left.json', { epochs: 20 });
  const listen = ['--workers', '1', '--listen', '127.0.0.1:0', '--json'];
  const master = start('train', file, ...listen, '--out', inFolder('left'));
  const worker = start('join', await invitationOf(master), '--engine', 'wasm');
  await master.said(/"type":"saved"/);
  worker.child.kill('SIGINT');
  expect(await worker.ended).toMatchObject({ code: 130 });
  const { code, stdout } = await master.ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/"type":"lost","node":"worker-1",.*stopped by its user/);
  expect(stdout).toMatch(/"type":"reformed","cause":"lost"/);
});

test('a port in use is told before anything is made', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const address = `127.0.0.1:${port}`;
  const out = inFolder('never');
  const file = writeTraining('port.json');
  const ended = await run('train', file, '--workers', '1', '--listen', address, '--out', out);
  expect(outcome(ended)).toEqual(failure(2, /127\.0\.0\.1:\d+ is in use/));
  expect(existsSync(out)).toBe(false);
  server.close();
});
