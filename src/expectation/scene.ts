// Runs a few steps of a training in the simulator, on devices that are all alike: nodes are the real ones,
// their works cost what the device's constants say, and nothing is computed.

import { Meter } from '../meter/fold.ts';
import { describeWork } from '../meter/works.ts';
import type { BusyKind } from '../meter/timeline.ts';
import { learningRateAt } from '../model/learning-rate.ts';
import type { NodeId } from '../node.ts';
import { masterId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { simulate } from '../simulator/simulator.ts';
import type { SimulatedDevice, SimulatedProcess } from '../simulator/simulator.ts';
import { scaledBy, secondsOf, sumOf } from './demand.ts';
import type { Demand } from './demand.ts';
import type { ExpectedNode } from './figures.ts';
import type { Setting } from './setting.ts';
import type { WorkDemand } from './work-demands.ts';

/** The first step is not measured: what is told comes from commit to commit. */
export const simulatedSteps = 5;

export interface Actor extends SimulatedProcess {
  readonly demand: WorkDemand;
}

export const nameOf = (index: number): NodeId => (index === 0 ? masterId : `worker-${index}`);

export const capabilitiesOf = (
  { device }: Setting,
  name: string,
): Omit<MessageOf<'join'>, 'type' | 'address'> => ({
  name,
  cores: 1,
  memoryBytes: device.memoryBytes,
  engine: { kind: 'wasm', name: 'expected', threads: 1 },
  flops: device.flops,
  version: '0',
});

export const joinOf = (setting: Setting, index: number): MessageOf<'join'> => ({
  type: 'join',
  ...capabilitiesOf(setting, nameOf(index)),
  address: `${nameOf(index)}:1`,
});

/** What every master is given besides: the numbers are nobody's concern here. */
export const commonOf = ({ training }: Setting) => ({
  schedule: (step: number) => ({
    learningRate: learningRateAt(training.learningRate, step, training.resolved.steps),
    scalars: [1],
  }),
  ...(training.clipNorm !== undefined && { clipNorm: training.clipNorm }),
});

/** A course of so few whole batches that neither test nor checkpoint falls between them. */
export const courseSizeOf = ({ training: { resolved } }: Setting) => ({
  trainCount: resolved.batch * simulatedSteps,
  testCount: 0,
  batch: resolved.batch,
  steps: simulatedSteps,
});

/** What came of each node, the master first; the figures hold all steps but the first. */
export async function playScene(
  { device, link }: Setting,
  actors: readonly Actor[],
): Promise<readonly Pick<ExpectedNode, 'figures' | 'demands'>[]> {
  const { speed, secondsPerFrame, secondsPerByte } = device;
  const asked = actors.map(() => new Map<BusyKind, Demand[]>());
  const devices = new Map<NodeId, SimulatedDevice>(
    actors.map(({ node, executor, demand }, index) => [
      nameOf(index),
      {
        node,
        executor,
        seconds: (work) => {
          const { kind } = describeWork(work);
          const demands = asked[index]!.get(kind) ?? [];
          asked[index]!.set(kind, demands);
          demands.push(demand(work));
          return secondsOf(speed, demands.at(-1)!);
        },
        serialiseSeconds: (bytes) => secondsPerFrame + bytes * secondsPerByte,
      },
    ]),
  );
  const { timelines } = await simulate({
    devices,
    link: () => ({ latencySeconds: link.latencySeconds, bytesPerSecond: Infinity }),
    access: { kind: link.kind, bytesPerSecond: link.bytesPerSecond },
  });
  return actors.map((_, index) => {
    const meter = new Meter();
    for (const entry of timelines.get(nameOf(index)) ?? []) meter.add(entry);
    // Every step asks for the same.
    const demands = [...asked[index]!].map(
      ([kind, each]) => [kind, scaledBy(1 / simulatedSteps, sumOf(each))] as const,
    );
    return { figures: meter.figures, demands: Object.fromEntries(demands) };
  });
}
