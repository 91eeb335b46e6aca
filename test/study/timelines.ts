// Timelines of a few steps of each architecture, for trying reports on: the ring's from the simulator,
// that of the others from the arithmetic of their phases. Seconds are virtual.

import type { Work } from '../../src/node.ts';
import type { BusyKind, Entry, IdleCause } from '../../src/meter/timeline.ts';
import type { Simulation } from '../../src/simulator/simulator.ts';
import { describeWork } from '../../src/meter/works.ts';
import { runCostedRing } from '../ring/costed-ring.ts';

export interface Load {
  readonly nodes: number;
  readonly microbatches: number;
  readonly steps: number;
  /** Of the whole model and one microbatch, for forward, backward and weights each. */
  readonly computeSeconds: number;
  readonly updateSeconds: number;
  readonly activationBytes: number;
  readonly parameterBytes: number;
  readonly latencySeconds: number;
  readonly bytesPerSecond: number;
}

export type Timelines = ReadonlyMap<string, readonly Entry[]>;

const timeOf = (entry: Entry): number => ('end' in entry ? entry.end : entry.at);
const sorted = (entries: readonly Entry[]): Entry[] =>
  [...entries].sort((a, b) => timeOf(a) - timeOf(b));

const kinds: Readonly<Partial<Record<Work['kind'], BusyKind>>> = {
  forward: 'forward',
  loss: 'backward',
  backward: 'backward',
  weights: 'weights',
  update: 'update',
};
const awaited: Readonly<Partial<Record<Work['kind'], IdleCause>>> = {
  forward: 'input',
  loss: 'input',
  backward: 'gradient',
  weights: 'gradient',
};

export async function ringTimelines(load: Load): Promise<Timelines> {
  const stages = load.nodes + 1;
  const seconds = (work: Work, node: string): number => {
    const part = load.computeSeconds / (node === 'master' ? 2 * load.nodes : load.nodes);
    if (work.kind === 'forward' || work.kind === 'backward') return part;
    if (work.kind === 'weights') return part * work.count;
    if (work.kind === 'loss') return 2 * part;
    return work.kind === 'update' ? load.updateSeconds / stages : 0;
  };
  const simulation = await runCostedRing({
    nodes: load.nodes,
    microbatches: load.microbatches,
    steps: load.steps,
    latencySeconds: load.latencySeconds,
    // The costed ring's messages hold 1,000 bytes and 96 beside them.
    bytesPerSecond: (load.bytesPerSecond * 1096) / load.activationBytes,
    seconds,
  });
  return entriesOf(simulation, load);
}

/** What a simulation did, as its nodes would have noted it. */
function entriesOf({ spans, transmissions }: Simulation, load: Load): Timelines {
  const nodes = [...new Set(spans.map(({ node }) => node))];
  return new Map(
    nodes.map((node) => {
      const entries: Entry[] = [];
      const own = spans.filter((span) => span.node === node && kinds[span.work.kind]);
      let free = 0;
      let step = 0;
      for (const { work, start, end } of own) {
        const cause = awaited[work.kind] ?? 'link';
        if (start > free) entries.push({ type: 'wait', cause, at: free });
        const kind = kinds[work.kind]!;
        entries.push({ type: 'compute', kind, label: describeWork(work).label, start, end });
        free = end;
        if (work.kind === 'update') entries.push({ type: 'commit', step: ++step, at: end });
      }
      for (const { from, to, message, start, end } of transmissions) {
        const bytes = 'payload' in message ? load.activationBytes : 96;
        if (from === node)
          entries.push({ type: 'send', to, message: message.type, bytes, start, end });
        else if (to === node)
          entries.push({ type: 'receive', from, message: message.type, bytes, at: end });
      }
      return [node, sorted(entries)];
    }),
  );
}

/** Synchronous data parallelism in phases; `exchange` says how the nodes share their gradients. */
function phases(
  load: Load,
  workers: readonly string[],
  servers: readonly string[],
  exchange: { readonly message: string; readonly bytes: number; readonly seconds: number },
): Timelines {
  const entries = new Map<string, Entry[]>();
  for (const node of new Set([...servers, ...workers])) entries.set(node, []);
  const microbatches = Math.ceil(load.microbatches / workers.length);
  let now = 0;
  for (let step = 1; step <= load.steps; step += 1) {
    const pulled = now + exchange.seconds;
    const computed = pulled + microbatches * 3 * load.computeSeconds;
    const pushed = computed + exchange.seconds;
    const done = pushed + load.updateSeconds;
    workers.forEach((worker, index) => {
      const own = entries.get(worker)!;
      const peers = servers.length > 0 ? servers : [workers[(index + 1) % workers.length]!];
      own.push({ type: 'wait', cause: 'parameters', at: now });
      let at = pulled;
      for (let microbatch = 0; microbatch < microbatches; microbatch += 1)
        for (const kind of ['forward', 'backward', 'weights'] as const) {
          const end = at + load.computeSeconds;
          own.push({ type: 'compute', kind, label: `${kind[0]}${microbatch}`, start: at, end });
          at = end;
        }
      own.push({ type: 'wait', cause: servers.length > 0 ? 'link' : 'gradient', at });
      for (const to of peers.filter((peer) => peer !== worker)) {
        const bytes = exchange.bytes / peers.length;
        const message = exchange.message;
        own.push({ type: 'send', to, message, bytes, start: computed, end: pushed });
        const there = entries.get(to)!;
        there.push({ type: 'receive', from: worker, message, bytes, at: pushed });
        const back = { message: servers.length > 0 ? 'parameters' : 'sum', bytes };
        there.push({ type: 'send', to: worker, ...back, start: now, end: pulled });
        own.push({ type: 'receive', from: to, ...back, at: pulled });
      }
      if (servers.length === 0)
        own.push({ type: 'compute', kind: 'update', label: 'U', start: pushed, end: done });
    });
    for (const server of servers) {
      const own = entries.get(server)!;
      if (!workers.includes(server)) own.push({ type: 'wait', cause: 'gradient', at: now });
      own.push({ type: 'compute', kind: 'update', label: 'U', start: pushed, end: done });
    }
    for (const own of entries.values()) own.push({ type: 'commit', step, at: done });
    now = done;
  }
  return new Map([...entries].map(([node, own]) => [node, sorted(own)]));
}

const names = (role: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${role}-${index + 1}`);

/** One server on a device of its own: all workers share its link. */
export function serverTimelines(load: Load): Timelines {
  const workers = names('worker', load.nodes - 1);
  const seconds =
    load.latencySeconds + (workers.length * load.parameterBytes) / load.bytesPerSecond;
  const exchange = { message: 'push', bytes: load.parameterBytes, seconds };
  return phases(load, workers, ['server-1'], exchange);
}

/** A shard beside every worker. */
export function colocatedTimelines(load: Load): Timelines {
  const workers = names('worker', load.nodes);
  const share = (load.nodes - 1) / load.nodes;
  const seconds = load.latencySeconds + (share * load.parameterBytes) / load.bytesPerSecond;
  return phases(load, workers, workers, { message: 'push', bytes: load.parameterBytes, seconds });
}

/** Reduce-scatter and all-gather: 2 (n - 1)/n of the parameters on each link, half of it overlapped. */
export function allReduceTimelines(load: Load): Timelines {
  const workers = names('worker', load.nodes);
  const bytes = ((load.nodes - 1) / load.nodes) * load.parameterBytes;
  const seconds = load.nodes * load.latencySeconds + bytes / load.bytesPerSecond / 2;
  return phases(load, workers, [], { message: 'segment', bytes, seconds });
}

export const singleTimelines = (load: Load): Timelines =>
  phases(load, ['master'], ['master'], { message: 'none', bytes: 0, seconds: 0 });
