// What one run of the fuzzer is: drawn from a seed, plain data, and therefore something to print, to
// keep as a test and to make shorter.

import { masterId } from '../../src/node.ts';
import type { NodeId } from '../../src/node.ts';
import type { Fault, ScriptedFault, Trigger } from '../../src/simulator/faults.ts';
import { Draw } from './draw.ts';
import { drawModel, models } from './models.ts';

export interface Scenario {
  readonly seed: number;
  readonly model: number;
  /** Devices that are there from the beginning, and one that may come later. */
  readonly nodes: number;
  readonly hasLateDevice: boolean;
  /** A ring of fewer nodes does not fit their memory. */
  readonly fewest: number;
  /** A snapshot every so many steps; `replicate` events and checkpoints every so many seconds. */
  readonly replicateEvery: number;
  /** What a work takes on the master; on others a little more. */
  readonly workSeconds: number;
  /** A worker that is slower than it said. */
  readonly slow: { readonly device: NodeId; readonly times: number } | undefined;
  readonly replicateSeconds: number | undefined;
  readonly saveSeconds: number | undefined;
  /** Links by the transport's own sessions. */
  readonly sessions: boolean;
  readonly script: readonly ScriptedFault[];
}

export const lateDevice: NodeId = 'late';

/** The devices that are there from the beginning, master first. */
export const devicesOf = ({ nodes }: Pick<Scenario, 'nodes'>): readonly NodeId[] => [
  masterId,
  ...Array.from({ length: nodes - 1 }, (_, k) => `worker-${k + 1}`),
];

/** What triggers wait for: every word of training and of recovery. */
const words = [
  'activation',
  'gradient',
  'credit',
  'finished',
  'commit',
  'step',
  'join',
  'assign',
  'introduce',
  'ready',
  'formed',
] as const;

const wordsOfCopies = [
  'keep',
  'keep',
  'keep',
  'replica',
  'holds',
  'retain',
  'collect',
  'parameters',
  'store',
  'saved',
] as const;

const wordsOfRecovery = [
  'lost',
  'assign',
  'ready',
  'introduce',
  'restore',
  'recall',
  'parameters',
  'load',
  'loaded',
  'reformed',
  'replayed',
] as const;

function drawTrigger(draw: Draw): Trigger {
  const events = draw.integer(0, draw.chance(0.5) ? 2 : 12);
  if (draw.chance(0.35)) return { on: draw.one(wordsOfRecovery), nth: draw.integer(1, 3), events };
  const on = draw.one(draw.chance(0.35) ? wordsOfCopies : words);
  const often = ['activation', 'gradient', 'credit'].includes(on) ? 60 : 20;
  return { on, nth: draw.integer(1, often), events };
}

/** When the ring has just decided where to go back to. */
const drawDecision = (draw: Draw): Trigger => ({
  on: draw.one(['lost', 'assign', 'ready', 'joined']),
  nth: draw.integer(1, 4),
  events: draw.integer(0, 3),
});

/** Shorter than anyone's patience, or longer. */
const drawOutage = (draw: Draw): number =>
  draw.chance(0.5) ? draw.between(0.05, 8) : draw.between(11, 25);

export function drawFault(
  draw: Draw,
  devices: readonly NodeId[],
  hasLate: boolean,
  sessions: boolean,
): Fault {
  const workers = devices.slice(1);
  const all = hasLate ? [...devices, lateDevice] : devices;
  const pair = (): readonly [NodeId, NodeId] => {
    const [a, b] = draw.some(all, 2);
    return [a!, b!];
  };
  const others = workers.length === 0 ? 0 : 1;
  const links = all.length < 2 ? 0 : 1;
  const longer = draw.between(1, 30);
  const kinds: [number, () => Fault][] = [
    [6 * others, () => drawCrash(draw, draw.one(workers))],
    [1.5, () => ({ kind: 'crash', device: masterId, back: draw.between(0.5, 40) })],
    [2, () => ({ kind: 'pause', device: draw.one(devices), seconds: drawOutage(draw) })],
    [2 * links, () => ({ kind: 'linkDown', between: pair(), seconds: drawOutage(draw) })],
    [others, () => drawPartition(draw, workers)],
    [
      1,
      () => {
        const times = draw.between(2, 20);
        return { kind: 'slowDevice', device: draw.one(devices), times, seconds: 2 * longer };
      },
    ],
    [
      links,
      () => ({ kind: 'slowLink', between: pair(), times: draw.between(2, 100), seconds: longer }),
    ],
    [
      1.5 * links,
      () => ({ kind: 'delay', between: pair(), longer: draw.between(0.01, 3), seconds: longer }),
    ],
    [sessions ? links : 0, () => ({ kind: 'cut', between: pair() })],
    [
      sessions ? links : 0,
      () => ({ kind: 'duplicate', between: pair(), segments: draw.integer(1, 50) }),
    ],
    [1.5, () => ({ kind: 'damage', device: draw.one(devices) })],
    [0.3, () => ({ kind: 'event', device: masterId, event: { type: 'stop' } })],
    [hasLate ? 4 : 0, () => ({ kind: 'start', device: lateDevice })],
  ];
  let at = draw.between(
    0,
    kinds.reduce((sum, [weight]) => sum + weight, 0),
  );
  for (const [weight, make] of kinds) {
    if (at < weight) return make();
    at -= weight;
  }
  return kinds[0]![1]();
}

const drawPartition = (draw: Draw, workers: readonly NodeId[]): Fault => {
  const devices = draw.some(workers, draw.integer(1, workers.length));
  return { kind: 'partition', devices, seconds: drawOutage(draw) };
};

const drawCrash = (draw: Draw, device: NodeId): Fault => ({
  kind: 'crash',
  device,
  ...(draw.chance(0.25) && { disk: 'lost' as const }),
  ...(draw.chance(0.3) && { silent: true as const }),
  ...(draw.chance(0.5) && { back: draw.between(0.2, draw.chance(0.5) ? 3 : 30) }),
});

export function drawScenario(seed: number): Scenario {
  const draw = new Draw(2, seed);
  const model = draw.integer(0, models - 1);
  const nodes = draw.integer(draw.chance(0.1) ? 1 : 2, drawModel(model).mostNodes);
  const hasLateDevice = draw.chance(0.35);
  const devices = devicesOf({ nodes });
  const sessions = draw.chance(0.4);
  const faults = draw.one([0, 1, 1, 2, 2, 2, 3, 3, 4, 5]);
  const script = Array.from({ length: faults }, () => {
    const when = draw.chance(0.75) ? drawTrigger(draw) : draw.between(0, 10);
    const fault = drawFault(draw, devices, hasLateDevice, sessions);
    // Damage matters to who is about to read.
    return { when: fault.kind === 'damage' ? drawDecision(draw) : when, fault };
  });
  return {
    seed,
    model,
    nodes,
    hasLateDevice,
    fewest: draw.chance(0.2) ? draw.integer(1, nodes) : 1,
    replicateEvery: draw.integer(1, 5),
    workSeconds: draw.one([0.02, 0.02, 0.02, 0.3]),
    slow: draw.chance(0.2) ? { device: draw.one(devices), times: draw.between(2, 8) } : undefined,
    replicateSeconds: draw.chance(0.4) ? draw.between(1, 6) : undefined,
    saveSeconds: draw.chance(0.5) ? draw.between(2, 8) : undefined,
    sessions,
    script,
  };
}
