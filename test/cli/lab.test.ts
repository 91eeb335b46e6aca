// Devices that are really emulated: that processor, links and memory are held to what was asked for, that
// a training is one node a device, and that nothing is left behind. Bounds are from above only, which a busy
// machine does not break.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

import { hierarchies } from '../../src/lab/index.ts';
import {
  childrenOf,
  failure,
  inFolder,
  outcome,
  run,
  start,
  survivorsOf,
  writeTestFile,
  writeTraining,
} from './command.ts';
import type { Ended } from './command.ts';

const inLab = (devices: string, ...command: string[]): string[] =>
  ['lab', 'run', '--devices', devices, '--'].concat(command);

const reasonAgainst = async (): Promise<string | undefined> => {
  const { code, stderr } = await run(...inLab('pi-5', 'true'));
  return code === 0 ? undefined : stderr.trim();
};
const reason = await reasonAgainst();
const options = { skip: reason !== undefined, timeout: 60_000 };
if (reason) process.stderr.write(`the lab is not tried here: ${reason}\n`);

/** What bears the name of a lab of this process. */
function leftOf(pid: number): string[] {
  const { cpu, memory } = hierarchies()!;
  return ['/run/netns', cpu, memory]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => name.startsWith(`ringtmp-lab-${pid}-`));
}

/** Of the table at the end, a device's row: periods in which it computed, or else ran and was stopped, and what follows. */
function figuresOf({ stderr }: Ended, device: string) {
  const computing = String.raw`[\d,]+ of ([\d,]+) periods`;
  const allElse = String.raw`([\d,]+) of [\d,]+ periods`;
  const row = new RegExp(`^${device} +${computing} +${allElse} +(.*)$`, 'm').exec(stderr)!;
  const count = (text = ''): number => Number(text.replaceAll(',', ''));
  return { computing: count(row[1]), throttled: count(row[2]), rest: row[3] };
}

test('a training is one node in each device, and nothing is left', options, async () => {
  const file = writeTraining('in-lab.json', { epochs: 2 });
  const out = inFolder('in-lab');
  const lab = start(...inLab('2xpi-4b@20mbit@1ms', 'ringtmp', 'train', file, '--out', out));
  const ended = await lab.ended;
  expect(outcome(ended).code).toBe(0);
  expect(ended.stderr).toMatch(
    /^2 emulated devices at scale 1: 2 x pi-4b \(2 cores of 0\.\d+, 4\.3 GB, 20 Mbit\/s and 1 ms\)/,
  );
  expect(ended.stdout).toMatch(/^master +pi-4b-1 /m);
  expect(ended.stdout).toMatch(/^worker-1 +pi-4b-2 /m);
  for (const device of ['pi-4b-1', 'pi-4b-2']) {
    const { computing, throttled, rest } = figuresOf(ended, device);
    expect(computing).toBeGreaterThan(0);
    expect(throttled).toBeGreaterThan(10);
    expect(rest).toMatch(/^[\d.]+ MB +\d[\d.]* [kM]B +\d[\d.]* [kM]B$/);
  }
  expect(leftOf(lab.child.pid!)).toEqual([]);
});

test('a device gets its share of a core and no more', options, async () => {
  const file = writeTestFile(
    'spin.mjs',
    `const share = JSON.parse(process.env.RINGTMP_LAB).devices[0].coreShare;
    const [begin, before] = [performance.now(), process.cpuUsage()];
    while (performance.now() - begin < 1000);
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000 / (performance.now() - begin) / share);`,
  );
  const { stdout } = await run(...inLab('pi-5', process.execPath, file));
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(1.3);
});

test.each([
  ['of its own', '2xpi-4b@10mbit', 10],
  [
    'over a shared medium, which a frame from one device to another crosses twice',
    '2xpi-4b@wifi@20mbit',
    10,
  ],
])('a link carries its rate and no more: %s', options, async (_, devices, limit) => {
  const megabytes = 1;
  const sink = writeTestFile(
    'sink.mjs',
    `import { createServer } from 'node:net';
    let [first, bytes] = [0, 0];
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        first ||= performance.now();
        bytes += chunk.length;
        if (bytes < ${megabytes} * 1e6) return;
        console.log(bytes * 8 / 1e3 / (performance.now() - first));
        socket.end();
        server.close();
      });
    }).listen(7000, () => process.send('listening'));`,
  );
  const source = writeTestFile(
    'source.mjs',
    `import { spawn } from 'node:child_process';
    import { connect } from 'node:net';
    const { enter, address } = JSON.parse(process.env.RINGTMP_LAB).devices[1];
    const [first, ...rest] = [...enter, process.execPath, ${JSON.stringify(sink)}];
    const child = spawn(first, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', () => {
      child.disconnect();
      connect(7000, address).end(Buffer.alloc(${megabytes} * 1e6));
    });`,
  );
  const { stdout } = await run(...inLab(devices, process.execPath, source));
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(1.1 * limit);
});

test('a device holds no more than its memory', options, async () => {
  const file = writeTestFile('eat.mjs', 'Buffer.alloc(400e6, 1); console.log("eaten");');
  const ended = await run(...inLab('pi-5@128mb', process.execPath, file));
  expect(ended).toMatchObject({ code: 128 + 9, stdout: '' });
  expect(figuresOf(ended, 'pi-5-1').rest).toMatch(/^1\d\d MB, full /);
});

test('Ctrl-C ends the training in order, and nothing is left', options, async () => {
  const file = writeTraining('interrupted-in-lab.json', { epochs: 100_000 });
  const training = ['ringtmp', 'train', file, '--json', '--out', inFolder('interrupted-in-lab')];
  const lab = start(...inLab('2xpi-4b@20mbit', ...training));
  await lab.said(/"type":"step"/);
  lab.child.kill('SIGINT');
  const { code, stdout } = await lab.ended;
  expect(code).toBe(130);
  expect(stdout).toContain('"code":"INTERRUPTED"');
  expect(leftOf(lab.child.pid!)).toEqual([]);
});

test('what a killed lab leaves is found by the next one', options, async () => {
  const file = writeTraining('killed-in-lab.json', { epochs: 100_000 });
  const training = ['ringtmp', 'train', file, '--json', '--out', inFolder('killed-in-lab')];
  const lab = start(...inLab('2xpi-4b@20mbit', ...training));
  await lab.said(/"type":"step"/);
  const { pid } = lab.child;
  const [master] = childrenOf(lab.child);
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8');
  const processes = [master!, ...workers.split(' ').filter(Boolean).map(Number)];
  expect(processes).toHaveLength(2);
  lab.child.kill('SIGKILL');
  await vi.waitUntil(() => !existsSync(`/proc/${pid}`));
  expect(leftOf(pid!)).not.toEqual([]);
  const cleaned = await run('lab', 'clean');
  expect(cleaned.stderr).toMatch(`removed ringtmp-lab-${pid}-`);
  expect(leftOf(pid!)).toEqual([]);
  expect(await survivorsOf(processes)).toEqual([]);
});

test('what cannot be carried is refused before anything is made', options, async () => {
  const processor = await run(...inLab('150xpi-5@64mb', 'true'));
  expect(outcome(processor)).toEqual(
    failure(9, /need [\d.]+ \(300 x 0\.\d+\) cores.*this machine has \d+.*--scale \d/),
  );
  const memory = await run(...inLab('pi-4b@9999gb', 'true'));
  expect(outcome(memory)).toEqual(failure(9, /hold 9999\.00 \(9999\.00\) GB/));
});

test('a command that does not exist, and one that fails', options, async () => {
  expect((await run(...inLab('pi-5', 'no-such-command'))).code).toBe(127);
  expect((await run(...inLab('pi-5', 'false'))).code).toBe(1);
});

test('more nodes than devices are refused', options, async () => {
  const file = writeTraining('crowded.json');
  const { code, stderr } = await run(
    ...inLab('2xpi-4b', 'ringtmp', 'train', file, '--nodes', '3', '--out', inFolder('crowded')),
  );
  expect(code).toBe(2);
  expect(stderr).toMatch('3 nodes do not fit in a lab of 2 devices, each in one');
});
