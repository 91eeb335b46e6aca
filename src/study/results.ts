// What a comparison of architectures leaves behind: plain data, as it stands in results.json. Whatever
// the table, the report and the CSV show is computed from it and from nothing else.

import type { Figures } from '../meter/figures.ts';
import type { NodeTimeline } from '../meter/trace.ts';
import type { EnergyReport } from '../ports.ts';
import type { Disturbance } from './faults.ts';

export type Architecture =
  | 'ring'
  | 'parameter-server'
  | 'parameter-server-colocated'
  | 'all-reduce'
  | 'single';

export interface Comparison {
  readonly title: string;
  readonly settings: Settings;
  readonly machine: Machine;
  /** When it began, as an ISO 8601 string. */
  readonly started: string;
  readonly runs: readonly Run[];
}

export interface Settings {
  /** Devices of every architecture but `single`, servers included. */
  readonly nodes: number;
  /** Samples of one step, over all nodes. */
  readonly globalBatch: number;
  /** Samples of one run. */
  readonly samples: number;
  readonly seed: number;
  readonly targetAccuracy?: number;
  /** The links between the nodes, for a person: `loopback`, `20 Mbit/s, 2 ms`. */
  readonly link: string;
  /** The training in a few lines, for a person: model, parameters, data, optimizer. */
  readonly training: Readonly<Record<string, string>>;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  /** Node's version. */
  readonly node: string;
  /** Name of the engine: `wasm (SIMD)`, `OpenBLAS 0.3.21 SkylakeX`. */
  readonly engine: string;
}

export interface Run {
  readonly architecture: Architecture;
  /** Of a parameter server: `bsp`, `async`, `ssp:2`. */
  readonly consistency?: string;
  /** From 1 on. Runs of the same repeat were made one after the other and are compared in pairs. */
  readonly repeat: number;
  /** From the first step's begin to the last step's commit. */
  readonly seconds: number;
  /** Until the target accuracy was first reached; absent where it never was. */
  readonly secondsToTarget?: number;
  readonly samplesPerSecond: number;
  /** Sent by all nodes together. */
  readonly bytesPerSample: number;
  /** Of all devices together: measured where a sensor did, else modelled. */
  readonly joulesPerSample?: number;
  /** By a sensor of the host that all nodes of the run stood on, with all else that ran there. */
  readonly energy?: EnergyReport;
  readonly finalLoss: number;
  /** Share of the test samples, 0 to 1. */
  readonly accuracy?: number;
  readonly steps: readonly StepResult[];
  /** Samples brought to the workers before the clock started; nothing on a ring. */
  readonly shipped?: { readonly bytes: number; readonly seconds: number };
  /** Nodes that went or came while it ran, if any. */
  readonly disturbances?: readonly Disturbance[];
  readonly nodes: readonly NodeResult[];
}

/** Where a run's joules come from: one sensor of the host, or the devices one by one. */
export const energiesOf = ({ energy, nodes }: Run): readonly EnergyReport[] =>
  energy ? [energy] : nodes.flatMap((node) => node.energy ?? []);

export interface StepResult {
  readonly step: number;
  /** Since the run's begin, this step's included. */
  readonly samples: number;
  /** Since the run's begin. */
  readonly seconds: number;
  readonly loss: number;
}

export interface NodeResult {
  readonly node: string;
  /** For a person: `master`, `worker`, `server`, `worker and server`. */
  readonly role: string;
  readonly figures: Figures;
  /** Of the whole process. */
  readonly peakMemoryBytes: number;
  /** Of its tensors alone, at their peak. */
  readonly tensorBytes: number;
  readonly cpuSeconds: number;
  /** What the engine's thread really ran, and how long it thought that it did. */
  readonly engineCpuSeconds?: number;
  readonly engineBusySeconds?: number;
  /** In which a CPU quota stopped the processes of its group. */
  readonly throttledSeconds?: number;
  /** Of this device: modelled, or measured by a sensor of its own. */
  readonly energy?: EnergyReport;
  /** A few steady steps. */
  readonly timeline: NodeTimeline;
}
