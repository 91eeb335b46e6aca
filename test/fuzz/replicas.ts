// Random trainings of a parameter server and of all-reduce under random faults. Whatever happens they come
// to their end, each step told once and in order; where no worker's part of a step was left out, with the
// losses of one node but for rounding, since sums are grouped by who is there.

import { masterId } from '../../src/node.ts';
import type { Report } from '../../src/node.ts';
import type { ScriptedFault } from '../../src/simulator/faults.ts';
import type { Simulation } from '../../src/simulator/simulation.ts';
import { runRealGroup } from '../all-reduce/real-group.ts';
import { runRealServer } from '../parameter-server/real-server.ts';
import { Draw } from './draw.ts';
import { drawModel, models } from './models.ts';
import type { Model } from './models.ts';
import { referenceOf } from './reference.ts';
import { devicesOf, drawFault } from './scenario.ts';

export type Architecture = 'parameter-server' | 'all-reduce';

/** By how much, relatively, a loss may differ when its sums were grouped otherwise. */
export const tolerance = 1e-3;

export interface ReplicaScenario {
  readonly seed: number;
  readonly model: number;
  readonly nodes: number;
  readonly servers: number | 'colocated';
  readonly consistency: 'bsp' | 'async' | 'ssp';
  readonly saveSeconds: number;
  readonly script: readonly ScriptedFault[];
}

export type ReplicaOutcome = 'survived' | 'stopped' | 'waiting' | 'failed';

export interface ReplicaResult {
  readonly outcome: ReplicaOutcome;
  readonly failure?: string;
  /** Reports of each kind. */
  readonly seen: ReadonlyMap<string, number>;
}

const words = {
  'parameter-server':
    'push pull pulled crew scalars settled partOfLoss step appoint ready samples kept lost load loaded reformed store join',
  'all-reduce':
    'reduce begin commit partOfLoss step enrol ready samples kept lost load loaded reformed store join',
};

/** A late device is known to the faults of rings by another name. */
const lateOf = (nodes: number): string => `worker-${nodes}`;

export function drawReplicas(architecture: Architecture, seed: number): ReplicaScenario {
  const draw = new Draw(4, seed);
  const model = draw.integer(0, models - 1);
  const { training } = drawModel(model);
  const { batch, clipNorm } = training as { batch: number; clipNorm?: number };
  const nodes = draw.integer(Math.min(2, batch), Math.min(5, batch));
  const devices = devicesOf({ nodes });
  const script = Array.from({ length: draw.integer(1, 4) }, (): ScriptedFault => {
    const on = draw.one(words[architecture].split(' '));
    const when = {
      on,
      nth: draw.integer(1, draw.chance(0.5) ? 3 : 25),
      events: draw.integer(0, 9),
    };
    const fault = drawFault(draw, devices, true, false);
    return {
      when,
      fault: JSON.parse(JSON.stringify(fault).replaceAll('"late"', `"${lateOf(nodes)}"`)),
    };
  });
  return {
    seed,
    model,
    nodes,
    servers: draw.chance(0.3) || nodes < 2 ? 'colocated' : draw.integer(1, nodes - 1),
    consistency: clipNorm === undefined ? draw.one(['bsp', 'bsp', 'async', 'ssp']) : 'bsp',
    saveSeconds: draw.between(0.05, 0.5),
    script,
  };
}

function run(architecture: Architecture, scenario: ReplicaScenario): Promise<Simulation> {
  const { nodes, servers, saveSeconds, script } = scenario;
  const model: Model = drawModel(scenario.model);
  const every = [{ seconds: saveSeconds, node: masterId, event: { type: 'save' } }] as const;
  const common = { ...model, nodes, late: 1, faults: script, every };
  if (architecture === 'all-reduce') return runRealGroup({ ...common, seconds: 0.01 });
  const consistency =
    scenario.consistency === 'ssp'
      ? ({ kind: 'ssp', bound: 1 } as const)
      : { kind: scenario.consistency };
  return runRealServer({ ...common, servers, consistency, seconds: () => 0.01 });
}

/** One scenario; an error that nobody expected is a failure too. */
export async function attemptReplicas(
  architecture: Architecture,
  scenario: ReplicaScenario,
): Promise<ReplicaResult> {
  const seen = new Map<string, number>();
  try {
    const simulation = await run(architecture, scenario);
    for (const { kind } of simulation.reports) seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const { losses } = await referenceOf(scenario.model);
    const outcome = judge(scenario, simulation, losses);
    return { ...outcome, seen };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'failed', failure, seen };
  }
}

function judge(
  { script, consistency }: ReplicaScenario,
  { reports, ends, cameToRest }: Simulation,
  expected: readonly number[],
): Omit<ReplicaResult, 'seen'> {
  const failed = (failure: string) => ({ outcome: 'failed', failure }) as const;
  const steps = reports.filter(
    (each): each is Extract<Report, { kind: 'step' }> => each.kind === 'step',
  );
  const isExact = consistency === 'bsp' && !reports.some(({ kind }) => kind === 'dropped');
  for (const [at, { step, loss }] of steps.entries()) {
    if (step !== at + 1) return failed(`step ${step} was told after ${at} steps`);
    if (isExact && !(Math.abs(loss / expected[at]! - 1) < tolerance))
      return failed(`the loss of step ${step} is ${loss}, not ${expected[at]}`);
  }
  const end = ends.get(masterId);
  if (!end) {
    const mayWait = script.some(({ fault }) => fault.kind === 'crash');
    const hasBegun = reports.findLast(({ kind }) =>
      ['formed', 'joined', 'step', 'lost', 'reformed'].includes(kind),
    );
    if (cameToRest && mayWait && (!hasBegun || hasBegun.kind === 'joined' || masterCame(script)))
      return { outcome: 'waiting' };
    return failed(cameToRest ? 'nothing happens any more' : 'it does not come to an end');
  }
  if (end.error?.code === 'INTERRUPTED' && script.some(({ fault }) => fault.kind === 'event'))
    return { outcome: 'stopped' };
  if (end.error) return failed(`ended with ${end.error.code}: ${end.error.reason}`);
  if (steps.length !== expected.length) return failed(`ended after step ${steps.length}`);
  return { outcome: 'survived' };
}

/** A master that begins again waits for as many as there were; some may have given up. */
const masterCame = (script: readonly ScriptedFault[]): boolean =>
  script.some(({ fault }) => fault.kind === 'crash' && fault.device === masterId);

export interface ReplicaFuzz {
  readonly failures: readonly { readonly failure: string; readonly scenario: ReplicaScenario }[];
  readonly counts: ReadonlyMap<string, number>;
}

export async function fuzzReplicas(
  architecture: Architecture,
  from: number,
  seeds: number,
): Promise<ReplicaFuzz> {
  const failures: { failure: string; scenario: ReplicaScenario }[] = [];
  const counts = new Map<string, number>();
  const count = (name: string, by = 1): void => void counts.set(name, (counts.get(name) ?? 0) + by);
  for (let seed = from; seed < from + seeds; seed += 1) {
    const scenario = drawReplicas(architecture, seed);
    const { outcome, failure, seen } = await attemptReplicas(architecture, scenario);
    count(outcome);
    for (const { fault } of scenario.script) count(`fault: ${fault.kind}`);
    for (const [kind, times] of seen) count(`report: ${kind}`, times);
    if (failure !== undefined) failures.push({ failure, scenario });
  }
  return { failures, counts };
}
