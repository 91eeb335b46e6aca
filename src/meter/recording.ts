// What a node has recorded, as it comes from another device: held against its shape before anything is
// made of it.

import { z } from 'zod';

import { RingError } from '../errors.ts';
import type { Figures } from './fold.ts';
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
  busySeconds: z.record(busy, seconds),
  idleSeconds: z.record(cause, seconds),
  idleShare: z.number().min(0).max(1),
  serialiseSeconds: seconds,
  sent: traffic,
  received: traffic,
  bytesByLink: z.record(text, bytes),
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
]);

/** What the process of a node has used in all. */
export interface ProcessUsage {
  /** Resident, at the most. */
  readonly peakMemoryBytes: number;
  /** Of tensors. */
  readonly tensorBytes: number;
  readonly cpuSeconds: number;
}

const usage: z.ZodType<ProcessUsage> = z.strictObject({
  peakMemoryBytes: bytes,
  tensorBytes: bytes,
  cpuSeconds: z.number().min(0),
});

export interface Recording {
  readonly figures: Figures;
  readonly usage: ProcessUsage;
  /** The newest entries, in order; none unless they were asked for. */
  readonly entries: readonly Entry[];
}

const recording: z.ZodType<Recording> = z.strictObject({
  figures,
  usage,
  entries: z.array(entry),
});

/** Errors: PROTOCOL. */
export function parseRecording(value: unknown, from: string): Recording {
  const parsed = recording.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new RingError('PROTOCOL', `${from} sent figures of its meter that make no sense: ${where}`);
}
