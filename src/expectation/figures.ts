// What is expected of one architecture, in the figures that the meter gives for a real run.

import type { Figures } from '../meter/figures.ts';
import type { BusyKind } from '../meter/timeline.ts';
import type { Stage } from '../node.ts';
import type { Demand } from './demand.ts';

export interface ExpectedNode {
  /** For a person: `master`, `worker`, `server`, `worker and server`. */
  readonly role: string;
  /** What it holds of the model in a ring; elsewhere workers hold all of it. */
  readonly stages: readonly Stage[];
  /** Of its tensors at their peak. */
  readonly tensorBytes: number;
  /** Of the samples that it was shipped. */
  readonly sampleBytes: number;
  /** Of all simulated steps but the first. */
  readonly figures: Figures;
  /** Of one step, by kind of work. */
  readonly demands: Demands;
}

export type Demands = Readonly<Partial<Record<BusyKind, Demand>>>;

/** The master first. */
export type ExpectedNodes = readonly ExpectedNode[];
