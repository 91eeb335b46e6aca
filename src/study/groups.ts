// The runs of a comparison by what was compared, and the figures by which they are compared. Pure.

import { busiestLink } from '../meter/figures.ts';
import type { Architecture, Comparison, NodeResult, Run } from './results.ts';
import type { Quantity } from './quantity.ts';
import { mean, median } from './statistics.ts';

/** The repeats of one way to train. */
export interface Group {
  /** Unique in a comparison; made of letters, digits and dashes. */
  readonly key: string;
  /** `parameter server`, or `parameter server ssp:2` where there is more than one. */
  readonly name: string;
  readonly architecture: Architecture;
  readonly consistency?: string;
  /** 0 for the first group of its architecture, 1 for the next, that differs in consistency. */
  readonly variant: number;
  readonly runs: readonly Run[];
}

export const architectureNames: Readonly<Record<Architecture, string>> = {
  ring: 'ring',
  'parameter-server': 'parameter server',
  'parameter-server-colocated': 'co-located servers',
  'all-reduce': 'all-reduce',
  single: 'one device',
};

const order = Object.keys(architectureNames) as Architecture[];

/** In the order of `architectureNames`, whatever the order in which they ran. */
export function groupRuns({ runs }: Pick<Comparison, 'runs'>): readonly Group[] {
  const byKey = groupBy(runs, ({ architecture, consistency }) =>
    [architecture, ...(consistency ? [consistency.replaceAll(/[^\w-]/g, '-')] : [])].join('-'),
  );
  const heads = [...byKey].map(([key, members]) => ({ key, ...members[0]! }));
  return heads
    .map(({ key, architecture, consistency }) => {
      const variants = heads.filter((head) => head.architecture === architecture);
      const name = architectureNames[architecture];
      return {
        key,
        name: consistency && variants.length > 1 ? `${name} ${consistency}` : name,
        architecture,
        ...(consistency !== undefined && { consistency }),
        variant: variants.findIndex((head) => head.key === key),
        runs: byKey.get(key)!,
      };
    })
    .sort((a, b) => order.indexOf(a.architecture) - order.indexOf(b.architecture));
}

/** The run in the middle by time: the one that is drawn. */
export function typicalRun({ runs }: Group): Run {
  const sorted = [...runs].sort((a, b) => a.seconds - b.seconds);
  return sorted[(sorted.length - 1) >> 1]!;
}

export interface Metric {
  readonly id: string;
  readonly name: string;
  readonly quantity: Quantity;
  readonly better: 'less' | 'more';
  /** How fast and how well, or what it took. */
  readonly about: 'outcome' | 'cost';
  /** Of one run; undefined where it was not reached or not measured. */
  readonly of: (run: Run) => number | undefined;
}

/** Both ways, on the link that carries most; undefined where there is none. */
function busiestBytesPerSample({ nodes, steps }: Run): number | undefined {
  const samplesPerStep = (steps.at(-1)?.samples ?? 0) / steps.length;
  const perStep = nodes.map(({ figures }) => busiestLink(figures).bytes / figures.steps);
  const most = Math.max(0, ...perStep.filter(Number.isFinite));
  return most > 0 ? most / samplesPerStep : undefined;
}

/** Of all computing, what was thrown away or done on stale weights; undefined where nothing was. */
function redundantShare({ nodes }: Run): number | undefined {
  const total = (seconds: (figures: NodeResult['figures']) => number): number =>
    nodes.reduce((sum, { figures }) => sum + seconds(figures), 0);
  const redundant = total((figures) => figures.thrownAwaySeconds + figures.staleSeconds);
  const busy = total(({ busySeconds }) => Object.values(busySeconds).reduce((a, b) => a + b, 0));
  return redundant > 0 ? redundant / busy : undefined;
}

export const metrics: readonly Metric[] = [
  {
    id: 'seconds',
    about: 'outcome',
    name: 'time to finish',
    quantity: 'seconds',
    better: 'less',
    of: (run) => run.seconds,
  },
  {
    id: 'target',
    about: 'outcome',
    name: 'time to target',
    quantity: 'seconds',
    better: 'less',
    of: (run) => run.secondsToTarget,
  },
  {
    id: 'rate',
    about: 'outcome',
    name: 'samples/s',
    quantity: 'rate',
    better: 'more',
    of: (run) => run.samplesPerSecond,
  },
  {
    id: 'idle',
    about: 'outcome',
    name: 'idle, mean',
    quantity: 'share',
    better: 'less',
    of: (run) => mean(run.nodes.map(({ figures }) => figures.idleShare)),
  },
  {
    id: 'bytes',
    about: 'cost',
    name: 'bytes per sample',
    quantity: 'bytes',
    better: 'less',
    of: (run) => run.bytesPerSample,
  },
  {
    id: 'busiest',
    about: 'cost',
    name: 'busiest link a sample',
    quantity: 'bytes',
    better: 'less',
    of: busiestBytesPerSample,
  },
  {
    id: 'joules',
    about: 'cost',
    name: 'joules per sample',
    quantity: 'joules',
    better: 'less',
    of: (run) => run.joulesPerSample,
  },
  {
    id: 'memory',
    about: 'cost',
    name: 'peak memory, largest',
    quantity: 'bytes',
    better: 'less',
    of: (run) => Math.max(...run.nodes.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  },
  {
    id: 'tensors',
    about: 'cost',
    name: 'peak tensors, largest',
    quantity: 'bytes',
    better: 'less',
    of: (run) => Math.max(...run.nodes.map(({ tensorBytes }) => tensorBytes)),
  },
  {
    id: 'redundant',
    about: 'cost',
    name: 'redundant computing',
    quantity: 'share',
    better: 'less',
    of: redundantShare,
  },
  {
    id: 'loss',
    about: 'outcome',
    name: 'final loss',
    quantity: 'loss',
    better: 'less',
    of: (run) => run.finalLoss,
  },
  {
    id: 'accuracy',
    about: 'outcome',
    name: 'accuracy',
    quantity: 'share',
    better: 'more',
    of: (run) => run.accuracy,
  },
];

/** The metric's values over a group's repeats, those that have one. */
export const valuesOf = ({ runs }: Group, metric: Metric): readonly number[] =>
  runs.map(metric.of).filter((value) => value !== undefined);

/** A node over a group's repeats. */
export interface NodeRepeats {
  readonly node: string;
  readonly role: string;
  readonly results: readonly NodeResult[];
}

/** Nodes in the order of the first run; a node is the same in another repeat if it bears the same name. */
export function nodesOf({ runs }: Group): readonly NodeRepeats[] {
  const byName = groupBy(
    runs.flatMap(({ nodes }) => nodes),
    ({ node }) => node,
  );
  return [...byName].map(([node, results]) => ({ node, role: results[0]!.role, results }));
}

/** For a person: one that only serves is said to. */
export const labelOf = ({ node, role }: NodeRepeats): string =>
  role === 'server' ? `${node}, ${role}` : node;

/** The median of something over a node's repeats. */
export const ofNode = ({ results }: NodeRepeats, value: (result: NodeResult) => number): number =>
  median(results.map(value));

/** Map.groupBy, which Node 20 does not have. */
function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
