// `ringtmp study` as a process: the runs of a study are really made, in a lab where there can be one and on
// plain processes elsewhere, and a study that was stopped or killed goes on where it was.

import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

import { hierarchies } from '../../src/lab/index.ts';
import { studyNames } from '../../src/study/study.ts';
import { descendantsOf, failure, inFolder, outcome, run, start, survivorsOf } from './command.ts';
import type { Running } from './command.ts';

const tiny = (name: string, out: string, ...more: string[]): string[] =>
  ['study', name, '--tiny', '--out', out].concat(more);

interface Verdicts {
  readonly missing: number;
  readonly runs: number;
  readonly studies: readonly {
    readonly study: string;
    readonly verdict: string;
    readonly effect: string;
    readonly tables: readonly { readonly rows: readonly string[][] }[];
  }[];
}

interface Finished {
  readonly outcome: { readonly run: { readonly nodes: readonly unknown[] } };
}

/** Free a moment ago: a study names its port before it listens there. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Those of the labs that this process made. */
function labsOf(pid: number): string[] {
  const roots = hierarchies();
  return ['/run/netns', ...(roots ? [roots.cpu, roots.memory] : [])]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => name.startsWith(`ringtmp-lab-${pid}-`));
}

const linesOf = (out: string): string[] =>
  readFileSync(join(out, 'runs.jsonl'), 'utf8').split('\n').filter(Boolean);

test('all studies make their runs, judge them and report; called again, they make none', async () => {
  const out = inFolder('study');
  const first = start(...tiny('all', out, '--json'));
  const ended = await first.ended;
  expect(outcome(ended).code).toBe(0);
  expect(labsOf(first.child.pid!)).toEqual([]);
  const { missing, runs, studies } = JSON.parse(ended.stdout) as Verdicts;
  expect({ missing, runs }).toEqual({ missing: 0, runs: linesOf(out).length });
  expect(studies.map(({ study }) => study)).toEqual(studyNames);
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  for (const { study, verdict, effect, tables } of studies) {
    expect(verdict).toMatch(/^(held|not held|undecided)$/);
    expect(effect).toMatch(/\w/);
    expect(tables.flatMap(({ rows }) => rows)).not.toEqual([]);
    expect(page).toContain(`id="${study}"`);
  }
  expect(page).not.toMatch(/<script|src="http|href="http|undefined|NaN/);
  expect(page).toContain('Threats to validity');
  const [header, ...rows] = readFileSync(join(out, 'results.csv'), 'utf8').trim().split('\r\n');
  // One for each node.
  expect(rows.length).toBeGreaterThan(runs);
  for (const column of ['workload', 'link_bits_per_second', 'idle_share', 'scale'])
    expect(header!.split(',')).toContain(column);

  const { mtimeMs } = statSync(join(out, 'runs.jsonl'));
  const again = await run(...tiny('all', out, '--json'));
  expect(outcome(again).code).toBe(0);
  expect(statSync(join(out, 'runs.jsonl')).mtimeMs).toBe(mtimeMs);
  expect((JSON.parse(again.stdout) as Verdicts).studies).toEqual(studies);
}, 180_000);

test('stopped, it keeps what is done, tells so, and goes on; nothing is left behind', async () => {
  const out = inFolder('stopped');
  const first = start(...tiny('idle', out));
  await first.said(/^1\/\d+ .*samples\/s$/m);
  first.child.kill('SIGINT');
  const ended = await first.ended;
  expect(outcome(ended)).toEqual(failure(130, /--out .*stopped goes on with it/));
  expect(labsOf(first.child.pid!)).toEqual([]);
  const done = linesOf(out);
  expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Not complete');
  const rest = await run(...tiny('idle', out));
  expect(outcome(rest).code).toBe(0);
  expect(rest.stdout).not.toMatch(/^1\/\d+ .*samples\/s$/m);
  expect(linesOf(out).slice(0, done.length)).toEqual(done);
  expect(readFileSync(join(out, 'report.html'), 'utf8')).not.toContain('Not complete');
}, 120_000);

test('killed, its processes end, and the next one removes what is left of its lab', async () => {
  const out = inFolder('killed');
  const first = start(...tiny('idle', out));
  const { pid } = first.child;
  // In the middle of a run: its master and a worker are there.
  const processes = await vi.waitFor(
    () => {
      const all = descendantsOf(pid!);
      expect(all.length).toBeGreaterThan(1);
      return all;
    },
    { timeout: 60_000 },
  );
  first.child.kill('SIGKILL');
  await first.ended;
  expect(await survivorsOf(processes)).toEqual([]);
  expect((await run(...tiny('idle', out))).code).toBe(0);
  expect(labsOf(pid!)).toEqual([]);
}, 120_000);

test('devices that join: they come back to a study that goes on, and a run is of as many as it says', async () => {
  const out = inFolder('joined');
  const listen = `127.0.0.1:${await freePort()}`;
  const again = (): Running => start(...tiny('idle', out, '--workers', '1', '--listen', listen));
  const invitationTo = async (study: Running): Promise<string> =>
    (await study.said(/join '([^']+)'/))[1]!;
  const first = again();
  const invitation = await invitationTo(first);
  first.child.kill('SIGINT');
  expect((await first.ended).code).toBe(130);

  const second = again();
  expect(await invitationTo(second)).toBe(invitation);
  // So slow that it is killed before the run is over.
  let slow: Running;
  do slow = start('join', invitation, '--link', '300kbit');
  while (!(await slow.said(/^holds layers/m).catch(() => undefined)));
  slow.child.kill('SIGKILL');
  await second.said(/^1\/.*worker-1.*it is made again$/m);
  const comeBack = async (): Promise<void> => {
    while (second.child.exitCode === null) await run('join', invitation);
  };
  const [ended] = await Promise.all([second.ended, comeBack(), comeBack()]);
  expect(ended.code).toBe(0);
  const nodes = linesOf(out).map((line) => (JSON.parse(line) as Finished).outcome.run.nodes.length);
  expect(nodes).toEqual(nodes.map(() => 2));
  expect(nodes).not.toEqual([]);
  expect(existsSync(join(out, 'secret'))).toBe(false);
}, 120_000);

test.each([
  ['star', [], /'star' is no study/],
  ['idle', ['--devices', '1xpi-4b'], /at least 2 devices/],
  ['idle', ['--devices', '2xpi-9'], /pi-9/],
  ['idle', ['--workers', '2'], /--workers N and --listen HOST:PORT together/],
  ['idle', ['--workers', '2', '--listen', '0.0.0.0:0'], /a port of its own/],
])('study %s %j is refused in one line', async (name, flags, said) => {
  const ended = await run('study', name, '--out', inFolder('refused'), ...flags);
  expect(outcome(ended)).toEqual(failure(2, said));
});

test('a folder that holds something else is not written over', async () => {
  const out = inFolder('taken');
  mkdirSync(join(out, 'runs.jsonl'), { recursive: true });
  expect(outcome(await run(...tiny('idle', out)))).toEqual(
    failure(74, /runs\.jsonl cannot be used/),
  );
});
