// What a training would take by each architecture, before anything is run: step time, idle share, bytes,
// memory. A figure comes from playing the very nodes; the bounds beside it come from formulas.

import { RingError } from '../errors.ts';
import type { Figures } from '../meter/figures.ts';
import type { Stage } from '../node.ts';
import { stepBounds } from './bounds.ts';
import type { StepBounds } from './bounds.ts';
import type { Demands, ExpectedNodes } from './figures.ts';
import { expectAllReduce, expectServer } from './replica.ts';
import { expectRing } from './ring.ts';
import type { ExpectedArchitecture, Setting } from './setting.ts';

export interface NodeExpectation {
  readonly node: string;
  readonly role: string;
  readonly stages: readonly Stage[];
  /** 0 to 1. */
  readonly idleShare: number;
  /** Of one step; likewise below. */
  readonly busySeconds: number;
  readonly demands: Demands;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Tensors at their peak, samples that were shipped, and the process itself. */
  readonly memoryBytes: number;
  readonly fits: boolean;
}

export interface Expectation {
  readonly architecture: ExpectedArchitecture;
  readonly stepSeconds: number;
  readonly samplesPerSecond: number;
  /** Mean over the nodes. */
  readonly idleShare: number;
  /** Of one step: what all nodes send together, and one way through the port of the busiest. */
  readonly sentBytes: number;
  readonly busiestPortBytes: number;
  readonly bounds: StepBounds;
  readonly nodes: readonly NodeExpectation[];
}

/** An architecture that cannot train this model on these devices, and why. */
export interface Unable {
  readonly architecture: ExpectedArchitecture;
  readonly reason: string;
}

export type Outlook = Expectation | Unable;

export const isAble = (outlook: Outlook): outlook is Expectation => 'stepSeconds' in outlook;

export async function expectTraining(
  architecture: ExpectedArchitecture,
  setting: Setting,
): Promise<Outlook> {
  try {
    return summarise(architecture, setting, await play(architecture, setting));
  } catch (error) {
    if (!(error instanceof RingError) || !['TOO_MANY_NODES', 'MEMORY'].includes(error.code))
      throw error;
    return { architecture, reason: error.message };
  }
}

/** Errors: TOO_MANY_NODES, MEMORY. */
function play(architecture: ExpectedArchitecture, setting: Setting): Promise<ExpectedNodes> {
  switch (architecture) {
    case 'single':
      return expectRing({ ...setting, nodes: 1 });
    case 'ring':
      return expectRing(setting);
    case 'all-reduce':
      return expectAllReduce(setting);
    case 'parameter-server':
      return expectServer(setting, 1);
    case 'parameter-server-colocated':
      return expectServer(setting, 'colocated');
  }
}

function summarise(
  architecture: ExpectedArchitecture,
  setting: Setting,
  nodes: ExpectedNodes,
): Expectation {
  const { device, training } = setting;
  const { wallSeconds, steps } = nodes[0]!.figures;
  const stepSeconds = wallSeconds / steps;
  const described = nodes.map(
    ({ role, stages, tensorBytes, sampleBytes, figures, demands }, index): NodeExpectation => {
      const memoryBytes = tensorBytes + sampleBytes + device.baseBytes;
      return {
        node: index === 0 ? 'master' : `worker-${index}`,
        role,
        stages,
        idleShare: figures.idleShare,
        busySeconds: total(figures.busySeconds) / steps,
        demands,
        sentBytes: trafficOf(figures.sent) / steps,
        receivedBytes: trafficOf(figures.received) / steps,
        memoryBytes,
        fits: memoryBytes <= device.memoryBytes,
      };
    },
  );
  return {
    architecture,
    stepSeconds,
    samplesPerSecond: training.resolved.batch / stepSeconds,
    idleShare: described.reduce((sum, { idleShare }) => sum + idleShare, 0) / described.length,
    sentBytes: described.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    busiestPortBytes: Math.max(
      ...described.flatMap(({ sentBytes, receivedBytes }) => [sentBytes, receivedBytes]),
    ),
    bounds: stepBounds(
      architecture,
      setting,
      nodes.map(({ stages }) => stages),
    ),
    nodes: described,
  };
}

const total = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((sum, part) => sum + part, 0);

const trafficOf = (traffic: Figures['sent']): number =>
  Object.values(traffic).reduce((sum, { bytes }) => sum + bytes, 0);
