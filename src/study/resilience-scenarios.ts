// What befalls the nodes in the study of resilience, and the runs that this makes. Pure.

import type { Fault } from './faults.ts';
import { studySizes, variants } from './study.ts';
import type { Condition, StudySetting, StudySize, Variant } from './study.ts';
import { denseNet } from './workloads.ts';

export const shortAbsenceSeconds = 3;
const longAbsenceSeconds = 30;

export const resilienceSizes = {
  tiny: { steps: 10, batch: 64, width: 64, depth: 4, every: 2 },
  short: { steps: 24, batch: 64, width: 64, depth: 8, every: 4 },
  full: { steps: 200, batch: 128, width: 256, depth: 8, every: 10 },
} as const;

/** What happens; a fault comes `after` a share of the training. */
export interface Scenario {
  readonly name: string;
  readonly faults: readonly (Omit<Fault, 'step'> & { readonly after: number })[];
  readonly variants: readonly Variant[];
  /** The shortest form of the study that it is in. */
  readonly from: StudySize;
}

const { ring, bsp, async, colocated, allReduce } = variants;
const others = [bsp, async, allReduce];
const worker = (at: number, after: number, seconds?: number) => ({
  role: 'worker' as const,
  at,
  after,
  ...(seconds !== undefined && { seconds }),
});
const server = { role: 'server' as const, at: 0, after: 0.5 };

export const quiet: Scenario = {
  name: 'nothing happens',
  faults: [],
  variants: [ring, ...others],
  from: 'tiny',
};
export const lostLate: Scenario = {
  name: 'a worker is lost late',
  faults: [worker(0, 0.75)],
  variants: [ring, ...others],
  from: 'tiny',
};
export const scenarios: readonly Scenario[] = [
  {
    name: `a worker is away for ${shortAbsenceSeconds} s`,
    faults: [worker(0, 0.5, shortAbsenceSeconds)],
    variants: [ring],
    from: 'short',
  },
  {
    name: 'a worker is lost early',
    faults: [worker(0, 0.25)],
    variants: [ring],
    from: 'short',
  },
  lostLate,
  {
    name: 'two neighbours are lost at once',
    faults: [worker(0, 0.5), worker(1, 0.5)],
    variants: [ring],
    from: 'short',
  },
  { name: 'the server is lost', faults: [server], variants: [bsp], from: 'short' },
  {
    name: `a worker is away for ${longAbsenceSeconds} s`,
    faults: [worker(0, 0.25, longAbsenceSeconds)],
    variants: [ring, ...others],
    from: 'full',
  },
  {
    name: 'two workers are lost one after the other',
    faults: [worker(0, 0.25), worker(1, 0.75)],
    variants: [ring, ...others],
    from: 'full',
  },
  {
    name: 'a worker with a shard is lost',
    faults: [worker(0, 0.5)],
    variants: [colocated],
    from: 'full',
  },
];

export const scenariosOf = ({ size, devices }: StudySetting): readonly Scenario[] =>
  [quiet, ...scenarios].filter(
    ({ faults, from }) =>
      studySizes.indexOf(from) <= studySizes.indexOf(size) &&
      faults.every(({ at }) => at < devices.length - 1),
  );

/** With a server of its own there is a worker less beside the master. */
const isPossible = (
  { faults }: Scenario,
  { architecture }: Variant,
  { size, devices: { length: nodes } }: StudySetting,
): boolean => {
  if (size === 'tiny' && architecture !== 'ring') return false;
  const workers = architecture === 'parameter-server' ? nodes - 2 : nodes - 1;
  return faults.every(({ role, at }) => role === 'server' || at < workers);
};

export function conditionOf(
  { size, data, devices }: StudySetting,
  scenario: Scenario,
  variant: Variant,
): Condition {
  const { steps, batch, width, depth, every } = resilienceSizes[size];
  const faults = scenario.faults.map(({ after, ...fault }): Fault => ({
    ...fault,
    step: Math.round(after * steps),
  }));
  return {
    workload: 'dense',
    training: denseNet({ steps, batch, microbatches: 8, data }, width, depth),
    variant,
    devices,
    copies: { on: 'disk', everySteps: every },
    // The hypothesis is about rings; of the others once has to do where time is short.
    ...(size === 'short' && { repeats: variant.architecture === 'ring' ? 2 : 1 }),
    ...(faults.length > 0 && { faults }),
  };
}

export const conditions = (setting: StudySetting): readonly Condition[] =>
  setting.isReal
    ? []
    : scenariosOf(setting).flatMap((scenario) =>
        scenario.variants
          .filter((variant) => isPossible(scenario, variant, setting))
          .map((variant) => conditionOf(setting, scenario, variant)),
      );
