// What a node has recorded, as it comes from another device: held against its shape before anything is
// made of it.

import { z } from 'zod';

import { RingError } from '../errors.ts';
import type { EnergyReport } from '../ports.ts';
import type { Figures } from './figures.ts';
import type { Entry } from './timeline.ts';

const seconds = z.number();
const text = z.string().max(256);
const bytes = z.number().min(0);
const cause = z.enum(['input', 'gradient', 'parameters', 'link', 'node', 'start', 'end']);
const busy = z.enum(['forward', 'backward', 'weights', 'update', 'other']);
const traffic = z.record(text, z.strictObject({ messages: z.int().min(0), bytes }));

const figures: z.ZodType<Figures> = z.strictObject({
  wallSeconds: seconds,
  steps: z.int().min(0),
  pausedSeconds: seconds,
  busySeconds: z.record(busy, seconds),
  idleSeconds: z.record(cause, seconds),
  idleShare: z.number().min(0).max(1),
  serialiseSeconds: seconds,
  sent: traffic,
  received: traffic,
  bytesByLink: z.record(text, bytes),
  thrownAwaySeconds: z.number().min(0),
  pushes: z.int().min(0),
  stalePushes: z.int().min(0),
  staleSeconds: z.number().min(0),
});

const entry: z.ZodType<Entry> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('compute'),
    kind: busy,
    label: text,
    start: seconds,
    end: seconds,
  }),
  z.strictObject({ type: z.literal('wait'), cause, at: seconds }),
  z.strictObject({
    type: z.literal('send'),
    to: text,
    message: text,
    bytes,
    start: seconds,
    end: seconds,
  }),
  z.strictObject({ type: z.literal('receive'), from: text, message: text, bytes, at: seconds }),
  z.strictObject({ type: z.literal('serialise'), seconds, at: seconds }),
  z.strictObject({ type: z.literal('commit'), step: z.int().min(0), at: seconds }),
  z.strictObject({ type: z.enum(['pause', 'resume', 'abandon']), at: seconds }),
  z.strictObject({ type: z.literal('answer'), staleness: z.int().min(0), at: seconds }),
]);

/** What the process of a node has used in all. */
export interface ProcessUsage {
  /** Resident, at the most. */
  readonly peakMemoryBytes: number;
  /** Of the engine's tensors, at the most. */
  readonly tensorBytes: number;
  readonly cpuSeconds: number;
  /** Of the engine's thread alone, and how long it said to be busy: what is missing, it was stopped for. */
  readonly engineCpuSeconds?: number;
  readonly engineBusySeconds?: number;
  /** How long a CPU quota stopped the group of processes to which this one belongs. */
  readonly throttledSeconds?: number;
}

const usage = z.strictObject({
  peakMemoryBytes: bytes,
  tensorBytes: bytes,
  cpuSeconds: z.number().min(0),
  engineCpuSeconds: z.number().min(0).optional(),
  engineBusySeconds: z.number().min(0).optional(),
  throttledSeconds: z.number().min(0).optional(),
}) as z.ZodType<ProcessUsage>;

const energy = z.strictObject({
  kind: z.enum(['measured', 'modelled']),
  source: text,
  errorBand: z.strictObject({ relative: z.number().min(0), basis: text }).optional(),
  total: z.number(),
  seconds: z.number().min(0),
  missed: z.strictObject({ seconds: z.number().min(0), reason: text }).optional(),
  floorJoules: z.number().optional(),
  marginalJoules: z.number().optional(),
  computeJoules: z.number().optional(),
  radioJoules: z.number().optional(),
}) as z.ZodType<EnergyReport>;

export interface Recording {
  readonly figures: Figures;
  readonly usage: ProcessUsage;
  /** Of the steps that the figures are of, where the device has a sensor of its own. */
  readonly energy?: EnergyReport;
  /** The newest entries, in order; none unless they were asked for. */
  readonly entries: readonly Entry[];
}

const recording = z.strictObject({
  figures,
  usage,
  energy: energy.optional(),
  entries: z.array(entry),
}) as z.ZodType<Recording>;

/** Errors: PROTOCOL. */
export function parseRecording(value: unknown, from: string): Recording {
  const parsed = recording.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new RingError('PROTOCOL', `${from} sent figures of its meter that make no sense: ${where}`);
}
