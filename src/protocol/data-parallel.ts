// Messages of data parallelism: with a parameter server, and by all-reduce.

import { z } from 'zod';

import { count, maximumNodes, node, nothing, positive, small, text } from './fields.ts';

/**
 * Master to worker of an all-reduce: the group that trains together, the master first, from where so
 * many steps are done; you are `index`. `rows` of a full microbatch and so many of them make a share.
 * With a newer generation the group forms anew: what was under way is dropped, the replica stays.
 */
const enrol = z.strictObject({
  node,
  group: z.array(z.strictObject({ node, address: text })).max(maximumNodes),
  index: z.int().min(0).max(maximumNodes),
  step: count,
  rows: positive,
  microbatches: positive,
  training: z.unknown(),
});

/** Master to worker: go through your share of the batch of this step, which has so many rows. */
const begin = z.strictObject({ step: count, rows: positive });

/** Worker to master: its part of the loss of a step. */
const partOfLoss = z.strictObject({ step: count, loss: z.number().nullable() });

/**
 * All-reduce, clockwise: chunk `chunk` of a bucket. Up to hop n - 1 of n nodes it is a sum that is to be
 * added to, after that it is the sum over all.
 */
const reduce = z.strictObject({ step: count, bucket: small, chunk: small, hop: small });

const names = z.array(node).max(maximumNodes);
const key = z
  .int()
  .min(0)
  .max(1 << 28);

/**
 * Master to device, with a parameter server: what you are. A server holds shard `shard` of as many as
 * there are `servers`; a worker has a replica, whose microbatches have `rows` rows, mostly so many in a
 * share. `dial` is whom you open a link to if you have none, `links` whom you have one to then. Parameters
 * have had so many `updates` to begin with. With a newer generation what was under way is dropped.
 */
const appoint = z.strictObject({
  node,
  servers: names,
  shard: small.optional(),
  isWorker: z.boolean(),
  dial: z.array(z.strictObject({ node, address: text })).max(maximumNodes),
  links: names,
  consistency: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('bsp') }),
    z.strictObject({ kind: z.literal('async') }),
    z.strictObject({ kind: z.literal('ssp'), bound: small }),
  ]),
  clips: z.boolean(),
  updates: count,
  rows: positive,
  microbatches: positive,
  training: z.unknown(),
});

/** Worker to server: its gradient of a key in a step, already a share of the mean over the batch. */
const push = z.strictObject({ key, step: count });

/** Worker to server: I want the key as soon as it has had so many updates. */
const pull = z.strictObject({ key, updates: count });

/**
 * Server to worker: the key's parameters after so many updates; where that answers a push, how many
 * updates came between the worker's last pull and the push.
 */
const pulled = z.strictObject({ key, updates: count, staleness: count.optional() });

/** Server to master: the squared norm of a key's gradient in a step, null where not finite. */
const measured = z.strictObject({ key, step: count, squaredNorm: z.number().min(0).nullable() });

/** Master to server: the optimizer's scalars of the updates from `update` on. */
const scalars = z.strictObject({
  update: count,
  scalars: z.array(z.array(z.number()).max(64)).max(65_536),
});

/** Master to all: these workers compute the steps `from` to `upTo` (exclusive). */
const crew = z.strictObject({ from: count, upTo: count, workers: names });

/** Master to all: this worker is gone, nobody waits for it. */
const dropped = z.strictObject({ node });

/** Worker to master: I have the parameters of `step`, all my pushes being answered; how stale these were. */
const settled = z.strictObject({ step: count, pushes: count, staleness: count, stalest: count });

/** Their numbers on the wire and fields; `kept` tells the master that `samples` are in place. */
export const dataParallelKinds = {
  enrol: { wire: 30, fields: enrol, tensors: false },
  samples: { wire: 31, fields: nothing, tensors: true },
  kept: { wire: 32, fields: nothing, tensors: false },
  partOfLoss: { wire: 33, fields: partOfLoss, tensors: false },
  begin: { wire: 34, fields: begin, tensors: false },
  reduce: { wire: 35, fields: reduce, tensors: true },
  appoint: { wire: 40, fields: appoint, tensors: false },
  push: { wire: 41, fields: push, tensors: true },
  pull: { wire: 42, fields: pull, tensors: false },
  pulled: { wire: 43, fields: pulled, tensors: true },
  measured: { wire: 44, fields: measured, tensors: false },
  scalars: { wire: 45, fields: scalars, tensors: false },
  crew: { wire: 46, fields: crew, tensors: false },
  dropped: { wire: 47, fields: dropped, tensors: false },
  settled: { wire: 48, fields: settled, tensors: false },
} as const;
