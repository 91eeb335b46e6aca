// What disturbances cost: a ring of five processes trains MNIST (or digits of its own making) while workers
// are killed, stopped for 5 s, have their link to the master cut, or pulled like a cable, at random moments.
// Replacements join. Told by kind: how long until it was noticed, until training had gone beyond where it was,
// and how many steps were done again. Every run must end with the parameters of an undisturbed one.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { startRelay } from '../test/cli/relay.ts';
import type { Relay } from '../test/cli/relay.ts';
import { spread } from './statistics.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const images = '/work/shared/data/mnist-t10k-images-idx3-ubyte.gz';
const stepsOfRun = 1500;
const workers = 4;
const kinds = ['killed', 'stopped for 5 s', 'link cut', 'link pulled'] as const;
type Kind = (typeof kinds)[number];

interface Told {
  readonly type: string;
  readonly at: number;
  readonly step?: number;
  readonly replay?: number;
  readonly cause?: string;
  readonly invitations?: readonly string[];
}

/** A master whose lines are noted with when they came. */
class Watched {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  step = 0;
  readonly #waiting = new Set<(told: Told) => void>();

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
    createInterface(this.child.stdout!).on('line', (line) => {
      const told = { ...(JSON.parse(line) as object), at: performance.now() } as Told;
      if (told.type === 'step') this.step = told.step!;
      for (const look of this.#waiting) look(told);
    });
  }

  /** The next line that is as wanted; undefined when it ends without. */
  next(isWanted: (told: Told) => boolean): Promise<Told | undefined> {
    return new Promise((resolve) => {
      const look = (told: Told): void => {
        if (!isWanted(told)) return;
        this.#waiting.delete(look);
        resolve(told);
      };
      this.#waiting.add(look);
      void this.ended.then(() => resolve(undefined));
    });
  }
}

interface Worker {
  readonly child: ChildProcess;
  readonly relay: Relay;
}

async function startWorker(invitation: string): Promise<Worker> {
  const relay = await startRelay(invitation);
  const flags = ['join', relay.invitation, '--quiet', '--engine', 'wasm', '--wait', '0'];
  const child = spawn(process.execPath, [main, ...flags], { stdio: 'ignore' });
  return { child, relay };
}

/** Seconds of each kind, and steps. */
class Tally {
  readonly detection = new Map<Kind, number[]>();
  readonly recovery = new Map<Kind, number[]>();
  readonly lost = new Map<Kind, number[]>();
  readonly joining: number[] = [];

  add(figure: Map<Kind, number[]>, kind: Kind, value: number): void {
    figure.set(kind, [...(figure.get(kind) ?? []), value]);
  }

  get count(): number {
    return [...this.recovery.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

export async function recovery(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ringtmp-bench-'));
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  const wanted = Number(process.env['BENCH_DISTURBANCES'] ?? 30);
  let word = Number(process.env['BENCH_SEED'] ?? 1);
  const random = (below: number): number =>
    Math.floor(((word = (Math.imul(word, 1664525) + 1013904223) >>> 0) / 2 ** 32) * below);
  const flags = [trainingFile(folder), '--steps', String(stepsOfRun), '--engine', 'wasm', '--json'];
  const modelOf = (run: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, run, 'model.safetensors')))
      .digest('hex');
  const tally = new Tally();
  try {
    const alone = new Watched('train', ...flags, '--nodes', '1', '--out', join(folder, 'alone'));
    await alone.ended;
    let [runs, same] = [0, 0];
    for (; tally.count < wanted; runs += 1) {
      await disturbedRun([...flags, '--out', join(folder, `run-${runs}`)], tally, random);
      if (modelOf(`run-${runs}`) === modelOf('alone')) same += 1;
    }
    tell(tally, runs, same);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function trainingFile(folder: string): string {
  const example = fileURLToPath(new URL('../examples/mnist-dense.json', import.meta.url));
  const training = JSON.parse(readFileSync(example, 'utf8')) as { data: object };
  const data = existsSync(images)
    ? { ...training.data, images, labels: images.replace('images-idx3', 'labels-idx1') }
    : { kind: 'digits' };
  const path = join(folder, 'training.json');
  writeFileSync(path, JSON.stringify({ ...training, $schema: undefined, data }));
  return path;
}

async function disturbedRun(
  flags: readonly string[],
  tally: Tally,
  random: (below: number) => number,
): Promise<void> {
  const listen = ['--workers', String(workers), '--listen', '127.0.0.1:0'];
  const master = new Watched('train', ...flags, ...listen);
  const waiting = await master.next(({ type }) => type === 'waiting');
  const invitation = waiting!.invitations![0]!;
  const ring = await Promise.all(Array.from({ length: workers }, () => startWorker(invitation)));
  try {
    await master.next(({ type, step }) => type === 'step' && step! > 20);
    // So near the end, a replacement would come too late.
    while (master.step < stepsOfRun - 250) {
      const pause = master.step + 10 + random(60);
      if (!(await master.next(({ type, step }) => type === 'step' && step! >= pause))) break;
      const kind = kinds[random(kinds.length)]!;
      const place = random(workers);
      const isGone = await disturb(master, ring[place]!, kind, tally);
      if (!isGone) continue;
      ring[place]!.child.kill('SIGKILL');
      ring[place]!.relay.close();
      const began = performance.now();
      const isJoined = ({ type, cause }: Told): boolean =>
        type === 'reformed' && cause === 'joined';
      const joined = master.next(isJoined);
      ring[place] = await startWorker(invitation);
      const at = (await joined)?.at;
      if (at !== undefined) tally.joining.push((at - began) / 1000);
    }
    await master.ended;
  } finally {
    master.child.kill('SIGKILL');
    for (const { child, relay } of ring) {
      child.kill('SIGKILL');
      relay.close();
    }
  }
}

/** Disturbs a worker, waits until training has gone beyond where it was; whether the worker is out. */
async function disturb(
  master: Watched,
  { child, relay }: Worker,
  kind: Kind,
  tally: Tally,
): Promise<boolean> {
  const began = performance.now();
  const { step: before } = master;
  const lost = master.next(({ type }) => type === 'lost');
  const reformed = master.next(({ type }) => type === 'reformed');
  const isGone = kind === 'killed' || kind === 'link pulled';
  if (kind === 'killed') child.kill('SIGKILL');
  else if (kind === 'link pulled') relay.pull();
  else if (kind === 'link cut') relay.cut();
  else {
    child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 5000));
    child.kill('SIGCONT');
  }
  if (isGone) {
    const { at } = (await lost)!;
    tally.add(tally.detection, kind, (at - began) / 1000);
    tally.add(tally.lost, kind, (await reformed)!.replay!);
  }
  // A few steps may have been under way, and be told, before it is felt.
  const beyond = await master.next(({ type, step }) => type === 'step' && step! > before + 5);
  tally.add(tally.recovery, kind, (beyond!.at - began) / 1000);
  return isGone;
}

function tell(tally: Tally, runs: number, same: number): void {
  console.log(
    `(recovery) ${tally.count} disturbances in ${runs} runs of ${stepsOfRun} steps on a ring of ${workers + 1}; ${same} of ${runs} ended with the bits of an undisturbed run`,
  );
  console.log('  median (range), in seconds; steps done again');
  for (const kind of kinds) {
    const [noticed, again] = [tally.detection.get(kind), tally.lost.get(kind)];
    const passed = tally.recovery.get(kind) ?? [];
    console.log(
      `  ${kind.padEnd(16)} ${String(passed.length).padStart(3)}x`,
      noticed ? ` noticed ${spread(noticed)}` : ' never noticed',
      passed.length > 0 ? ` 5 steps on ${spread(passed)}` : '',
      again ? ` again ${spread(again)}` : '',
    );
  }
  if (tally.joining.length > 0)
    console.log(`  a replacement had layers after ${spread(tally.joining)}`);
}
