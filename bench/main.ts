// The benchmark of the whole runtime: `npm run bench [PART…]`. Every figure is a ratio of measurements
// taken in turn within one run, as the median of several rounds, since machines drift.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

import { calibrateDevice } from '../dist/cli/calibration.js';
import { parseLinkShape } from '../dist/cli/link-flag.js';
import { expectTraining, isAble } from '../dist/expectation/expect.js';
import type { NodeReport } from '../dist/node.js';
import { trainingsAtOnce } from './at-once.ts';
import { bareExchangesPerSecond, exchangesPerSecond } from './exchange.ts';
import { idealSpeedup } from './ideal.ts';
import { recovery } from './recovery.ts';
import { replication } from './replication.ts';
import { median, spread } from './statistics.ts';
import { measureTraining, trainingOf } from './training.ts';
import type { Setting } from './training.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 2);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

const python = '/usr/bin/python3';

function hasPyTorch(): boolean {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const pyTorch = (name: string, batch: number): number =>
  Number(
    execFileSync(python, ['bench/pytorch.py', name, String(batch), String(seconds)]).toString(),
  );

const stepsPerSecond = async (
  setting: Partial<Setting> & Pick<Setting, 'name' | 'batch'>,
): Promise<number> =>
  (await measureTraining({ microbatches: 1, nodes: 1, engine: {}, seconds, ...setting }))
    .stepsPerSecond;

/** (a) Training steps of one node on one thread, against PyTorch on one thread. */
async function oneNode(): Promise<void> {
  if (!hasPyTorch()) {
    console.log('(a) needs PyTorch: on Debian, apt-get install python3-torch libopenblas0-pthread');
    return;
  }
  console.log('(a) training steps of one node, one thread, relative to PyTorch (median, range)');
  const cases = [
    { name: '784-512-512-10', batch: 32 },
    { name: '784-512-512-10', batch: 128 },
    { name: '1024-1024-1024-1024-10', batch: 32 },
    { name: '1024-1024-1024-1024-10', batch: 128 },
    { name: 'cnn', batch: 32 },
  ];
  for (const each of cases) {
    const ratios = { blas: [] as number[], wasm: [] as number[] };
    const torch: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const reference = pyTorch(each.name, each.batch);
      torch.push(reference);
      for (const kind of ['blas', 'wasm'] as const)
        ratios[kind].push((await stepsPerSecond({ ...each, engine: { kind } })) / reference);
    }
    const label = `${each.name} b${each.batch}`.padEnd(30);
    console.log(
      `  ${label} blas ${spread(ratios.blas)}  wasm ${spread(ratios.wasm)}  (PyTorch ${median(torch).toFixed(0)} steps/s)`,
    );
  }
}

/** (b) A ring of two processes on two cores against one node. */
async function ringOfTwo(): Promise<void> {
  console.log('(b) a ring of 2 processes, 1024-1024-1024-1024-1024-10, batch 256, 8 microbatches');
  const net = { name: '1024-1024-1024-1024-1024-10', batch: 256 };
  const against = { microbatched: [] as number[], whole: [] as number[] };
  let ring: readonly NodeReport[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const two = await stepsPerSecond({
      ...net,
      microbatches: 8,
      nodes: 2,
      formed: (nodes) => (ring = nodes),
    });
    against.microbatched.push(two / (await stepsPerSecond({ ...net, microbatches: 8 })));
    against.whole.push(two / (await stepsPerSecond({ ...net, microbatches: 1 })));
  }
  const { training } = trainingOf({ ...net, microbatches: 8, nodes: 2, engine: {}, seconds });
  const ideal = idealSpeedup(training, ring);
  const reached = (median(against.microbatched) / ideal) * 100;
  console.log(`  against one node with 8 microbatches: ${spread(against.microbatched)}`);
  console.log(
    `  the schedule allows on two equal devices: ${ideal.toFixed(2)} (${reached.toFixed(0)} % reached)`,
  );
  console.log(`  against one node with the whole batch: ${spread(against.whole)}`);
}

/** (c) What a microbatch costs a node besides its engine: a net so small that little else is left. */
async function overhead(): Promise<void> {
  const microbatches = 64;
  const tiny = {
    name: '8-8-8-10',
    batch: microbatches,
    microbatches,
    engine: { kind: 'wasm' },
  } as const;
  const perMicrobatch = async (nodes: number): Promise<number> =>
    1000 / (await stepsPerSecond({ ...tiny, nodes })) / microbatches;
  const alone: number[] = [];
  const ring: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await perMicrobatch(1));
    ring.push(await perMicrobatch(2));
  }
  console.log('(c) milliseconds per microbatch, engine and all, with a net of next to no work');
  console.log(
    `  one node: ${spread(alone)}   a ring of 2 (each node has both ways to do): ${spread(ring)}`,
  );
}

/** (d) Resident memory of a worker beyond its tensors. */
async function memory(): Promise<void> {
  if (process.platform !== 'linux') {
    console.log('(d) reads /proc: Linux only');
    return;
  }
  console.log('(d) resident memory of a worker beyond its tensors');
  for (const kind of ['blas', 'wasm'] as const) {
    let tensors = 0;
    let resident = 0;
    await stepsPerSecond({
      name: '1024-1024-1024-1024-1024-10',
      batch: 256,
      microbatches: 8,
      nodes: 2,
      engine: { kind },
      formed: (nodes) => (tensors = nodes[1]!.bytes),
      whileRunning: () => (resident = residentBytes(childProcess())),
    });
    const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
    console.log(
      `  ${kind}: ${megabytes(resident - tensors)} (resident ${megabytes(resident)}, tensors ${megabytes(tensors)})`,
    );
  }
}

/** The process that this one has started and that still runs. */
function childProcess(): string {
  const mine = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${process.pid}\n`);
    } catch {
      return false;
    }
  });
  return mine.at(-1)!;
}

const residentBytes = (pid: string): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

const parameterServer = {
  architecture: 'parameter-server',
  server: { consistency: { kind: 'async' }, servers: 1 },
  engine: { kind: 'wasm' },
} as const;

/** (e) A worker's pushes and pulls, against the same frames on a bare session. */
async function exchange(): Promise<void> {
  console.log(
    '(e) all gradients to a server and all parameters back, relative to the same frames on a',
  );
  console.log('    session between two processes of which one sends them back');
  const links = [undefined, '1000mbit,0.2ms', '100mbit,0.2ms'];
  for (const name of ['784-512-512-10', '1024-1024-1024-1024-10'])
    for (const rate of links) {
      const link = rate === undefined ? {} : { link: parseLinkShape(rate) };
      const net = { name, batch: 2, microbatches: 1, nodes: 2, seconds };
      const setting = { ...parameterServer, ...net, ...link };
      const ratios: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        bare.push(await bareExchangesPerSecond(setting));
        ratios.push((await exchangesPerSecond(setting)) / bare.at(-1)!);
      }
      const label = `${name.padEnd(23)} ${(rate ?? 'loopback').padEnd(15)}`;
      console.log(`  ${label} ${spread(ratios)}  (bare ${median(bare).toFixed(1)} exchanges/s)`);
    }
}

/** (f) Three asynchronous workers and a server against one worker and a server. */
async function asynchronous(): Promise<void> {
  console.log(
    '(f) async, samples/s of 3 workers and a server relative to 1 worker and a server, each worker with a',
  );
  console.log(
    '    batch of its own; and what the machine allows: 3 trainings that have nothing to do with each',
  );
  console.log('    other relative to 1');
  const cases = [
    { name: '784-512-512-10', batch: 128 },
    { name: '784-512-512-10', batch: 512 },
    { name: 'cnn', batch: 128 },
  ];
  const workers = 3;
  for (const { name, batch } of cases) {
    // Longer than elsewhere: three workers take longer than one until their code is warm.
    const samplesPerSecond = async (count: number): Promise<number> => {
      const all = { batch: batch * count, microbatches: count, nodes: count + 1 };
      const long = { seconds: 3 * seconds };
      return (await stepsPerSecond({ ...parameterServer, name, ...all, ...long })) * all.batch;
    };
    const ratios: number[] = [];
    const ceilings: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const one = await samplesPerSecond(1);
      ratios.push((await samplesPerSecond(workers)) / one);
      const alone = await trainingsAtOnce(1, { name, batch }, seconds);
      ceilings.push((await trainingsAtOnce(workers, { name, batch }, seconds)) / alone);
    }
    const label = `${name} b${batch}`.padEnd(30);
    console.log(`  ${label} ${spread(ratios)}  the machine ${spread(ceilings)}`);
  }
}

/** (g) What `ringtmp plan` expects of one device, against what it takes. */
async function expectation(): Promise<void> {
  console.log('(g) expected step time of one device, relative to the measured (median, range)');
  for (const kind of ['blas', 'wasm'] as const) {
    const { device } = await calibrateDevice({ kind, threads: 1 }, () => undefined);
    const link = { kind: 'duplex', bytesPerSecond: 1e9, latencySeconds: 1e-4 } as const;
    for (const each of [
      { name: '784-512-512-10', batch: 128, microbatches: 4 },
      { name: '1024-1024-1024-1024-10', batch: 128, microbatches: 8 },
      { name: 'cnn', batch: 32, microbatches: 4 },
    ]) {
      const setting = { ...each, nodes: 1, engine: { kind }, seconds };
      const { training } = trainingOf(setting);
      const outlook = await expectTraining('single', { training, nodes: 1, device, link });
      if (!isAble(outlook)) throw new Error(outlook.reason);
      const ratios: number[] = [];
      for (let round = 0; round < rounds; round += 1)
        ratios.push(outlook.stepSeconds * (await stepsPerSecond(setting)));
      console.log(`  ${`${each.name} b${each.batch}`.padEnd(30)} ${kind}  ${spread(ratios)}`);
    }
  }
}

const parts = {
  a: oneNode,
  b: ringOfTwo,
  c: overhead,
  d: memory,
  e: exchange,
  f: asynchronous,
  g: expectation,
};
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(parts))
  if (wanted.length === 0 || wanted.includes(name)) await measure();
// They take minutes: only when they are asked for.
if (wanted.includes('recovery')) await recovery();
if (wanted.includes('replication')) await replication();
