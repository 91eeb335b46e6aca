// `ringtmp train --resume RUN`: what a run keeps of how it was started, and what may be said otherwise
// when it is taken up again. What the training is stands in its training.json and may not.

import { resolve } from 'node:path';

import { z } from 'zod';

import { openRun, readTraining } from '../checkpoint/run.ts';
import { readResume } from '../checkpoint/run-writer.ts';
import { RingError } from '../errors.ts';
import type { ResolvedTraining } from '../model/training.ts';
import { architectures } from './architectures.ts';
import type { MasterSessionOptions } from './master-session.ts';
import type { TrainFlags } from './train-flags.ts';
import { parseRunTraining } from './use-run.ts';

type Workers = MasterSessionOptions['workers'];

const count = z.int().min(1);

/** The flags that say how a run was started, and the secret by which its workers come in. */
const recordSchema = z.strictObject({
  secret: z.string(),
  architecture: z.enum(architectures).exactOptional(),
  consistency: z.string().exactOptional(),
  servers: z.string().exactOptional(),
  nodes: count.exactOptional(),
  workers: count.exactOptional(),
  listen: z.string().exactOptional(),
  engine: z.enum(['auto', 'wasm', 'blas']).exactOptional(),
  threads: count.exactOptional(),
  replicas: z.enum(['disk', 'memory']).exactOptional(),
  replicateEvery: count.exactOptional(),
});

const keptFlags: readonly string[] = [
  'architecture',
  'consistency',
  'servers',
  'engine',
  'threads',
  'replicas',
  'replicateEvery',
];

export type ResumeRecord = z.infer<typeof recordSchema>;

export interface Resumable {
  readonly training: ResolvedTraining;
  readonly record: ResumeRecord;
}

/** Reads what a run is to be taken up again with. Errors: RUN, also when there is nothing left to do. */
export async function openResumable(folder: string): Promise<Resumable> {
  const training = parseRunTraining(await readTraining(folder), folder);
  const { steps } = training.resolved;
  const newest = await openRun(folder).catch(() => undefined);
  await newest?.close();
  if (newest?.position.step === steps)
    throw new RingError(
      'RUN',
      `${folder} is complete, all ${steps} steps are done: look at it with ringtmp inspect ${folder}`,
    );
  const record = recordSchema.safeParse(await readResume(folder));
  if (record.success) return { training, record: record.data };
  throw new RingError(
    'RUN',
    `${folder} cannot be taken up again: its resume.json is not as this version of ringtmp writes it; train again`,
  );
}

/** What to write down of a run that is started by `flags`; `listen`: the address that was really taken. */
export function recordOf(flags: TrainFlags, secret: string, workers: Workers): ResumeRecord {
  const known = Object.entries(flags).filter(([key]) => keptFlags.includes(key));
  const ring =
    workers.kind === 'local'
      ? { nodes: workers.count + 1 }
      : { workers: workers.count, listen: workers.listen };
  return { secret, ...Object.fromEntries(known), ...ring };
}

/** The flags of the run's start, with those given now before them. Errors: USAGE for what may not change. */
export function resumedFlags(
  given: TrainFlags,
  folder: string,
  { training, record }: Resumable,
): TrainFlags {
  const { seed, epochs, steps, learningRate, resolved } = training;
  const fixed: Record<string, string | number | undefined> = {
    architecture: record.architecture ?? 'ring',
    consistency: record.consistency,
    servers: record.servers,
    epochs,
    steps: steps ?? resolved.steps,
    batch: resolved.batch,
    microbatches: resolved.microbatches,
    seed,
    learningRate: typeof learningRate === 'number' ? learningRate : learningRate.rate,
  };
  for (const [key, value] of Object.entries(fixed)) {
    const wanted = given[key as keyof TrainFlags];
    if (wanted !== undefined && wanted !== value) throw contradiction(key, wanted, value);
  }
  if (given.out !== undefined && resolve(given.out) !== resolve(folder))
    throw contradiction('out', given.out, folder);
  const { secret: _, nodes, workers, listen, ...how } = record;
  if (given.nodes !== undefined) return { ...how, ...given };
  const joined = { ...(workers && { workers }), ...(listen && { listen }) };
  const isAsked = given.workers !== undefined || given.listen !== undefined;
  return { ...how, ...joined, ...(nodes && !isAsked && { nodes }), ...given };
}

function contradiction(
  key: string,
  given: string | number | boolean,
  is: string | number | undefined,
): RingError {
  const flag = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const was = is === undefined ? 'was started without it' : `was started with ${String(is)}`;
  return new RingError(
    'USAGE',
    `--${flag} ${String(given)} contradicts the run, which ${was}: leave it away, a run is taken up as it was begun`,
  );
}
