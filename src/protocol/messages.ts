// What nodes say to each other: every message with its number on the wire and the schema of its
// fields. The schemas are strict and every number and text is bounded, because a message is held
// against them before a node sees it.

import { z } from 'zod';

import { errorCodes } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { NamedTensor } from './frame.ts';
import type { Payload } from './payload.ts';

/** A payload whose tensors are at hand, as the runtime sends and receives it. */
export interface TensorPayload extends Payload {
  readonly tensors: readonly NamedTensor[];
}

/** Makes a payload of tensors. */
export const tensorPayload = (tensors: readonly NamedTensor[]): TensorPayload => ({
  bytes: tensors.reduce((sum, tensor) => sum + tensor.bytes.length, 0),
  tensors,
});

const maximumNodes = 4096;
const maximumLayers = 65_536;

const count = z.int().min(0);
const small = z.int().min(0).max(0xffffffff);
const positive = z.int().min(1);
const text = z.string().max(256);
const node = z.string().min(1).max(256);
const layer = z.int().min(0).max(maximumLayers);
const mode = z.enum(['train', 'evaluate']);
const code = z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]);
const engine = z.strictObject({
  kind: z.enum(['wasm', 'blas']),
  name: text,
  threads: z.int().min(1).max(4096),
});

/**
 * Worker to master: who I am, what I can, and where my anticlockwise neighbour reaches me.
 * `version` is the product's, `flops` the measured speed in operations a second.
 */
const join = z.strictObject({
  name: text,
  cores: positive,
  memoryBytes: count,
  engine,
  flops: z.number().positive(),
  address: text,
  version: text,
});

/** Master to worker: your place in the ring of this generation and the layers [from, to) you hold. */
const assign = z.strictObject({
  node,
  ring: z.array(z.strictObject({ node, address: text })).max(maximumNodes),
  index: z.int().min(0).max(maximumNodes),
  from: layer,
  to: layer,
  window: positive,
  /** How many microbatches the clockwise neighbour can hold: credit to begin with. */
  clockwiseWindow: positive,
  purpose: z.enum(['train', 'use']),
  /** The resolved training file; model/ holds it against its own schema. */
  training: z.unknown(),
});

/** Worker to the clockwise neighbour it dialled: who I am. */
const introduce = z.strictObject({ node, generation: small });

/** Worker to master: my stage is prepared and takes this many bytes, and my neighbours are linked. */
const ready = z.strictObject({ bytes: count });

/** Clockwise: one microbatch's activation. The fields are node.ts's Microbatch. */
const activation = z.strictObject({
  pass: count,
  step: count,
  mode,
  microbatch: small,
  of: small,
  rows: small,
  position: count,
});

/** Anticlockwise: the gradient of an activation. */
const gradient = z.strictObject({ pass: count, microbatch: small });

/** Anticlockwise: you may send me microbatches of this pass up to this many in all. */
const credit = z.strictObject({ pass: count, upTo: small });

/** Anticlockwise: this node and all after it have every gradient; squared norm by layer, null where not finite. */
const finished = z.strictObject({
  pass: count,
  squaredNorms: z.array(z.number().min(0).nullable()).max(maximumLayers),
});

/** Clockwise: apply the update of this pass, with the optimizer's scalars. */
const commit = z.strictObject({ pass: count, step: count, scalars: z.array(z.number()).max(64) });

/** Asked for by the master: the layer as it is after the commit of this pass; 0 before any. */
const collect = z.strictObject({ layer, pass: count });

/** One layer: given by its holder, put back by the master, put back. */
const ofLayer = z.strictObject({ layer });

/** Either way between worker and master: this node cannot go on; or `node`, a neighbour, is gone. */
const failed = z.strictObject({ code, message: z.string().max(4096), node: node.optional() });

/**
 * Master to worker of an all-reduce: the group that trains together, the master first; you are
 * `index`. `rows` of a full microbatch and so many of them make a share.
 */
const enrol = z.strictObject({
  node,
  group: z.array(z.strictObject({ node, address: text })).max(maximumNodes),
  index: z.int().min(0).max(maximumNodes),
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
 * share, and begins with step `from`. `dial` is whom you open a link to, `links` how many you have then.
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
  rows: positive,
  microbatches: positive,
  from: count,
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

const seconds = z.number();

/** Master to worker, to learn how far its clock is: sent at this time; and whether a trace is wanted at the end. */
const clock = z.strictObject({ sent: seconds, trace: z.boolean() });

/** The answer: what was asked, and when it came and was answered by the worker's clock. */
const clockAnswer = z.strictObject({ sent: seconds, received: seconds, answered: seconds });

/** Worker to master, last of all: its meter's figures and, for a trace, its newest entries; meter/ reads them. */
const metered = z.strictObject({
  figures: z.unknown(),
  usage: z.unknown(),
  entries: z.array(z.unknown()).max(10_000),
});

const nothing = z.strictObject({});

/**
 * Every message: its number on the wire (never reused), its fields, and whether tensors travel with it.
 * `end` tells the workers that training is over; `kept` the master that `samples` are in place.
 */
export const messageKinds = {
  join: { wire: 1, fields: join, tensors: false },
  assign: { wire: 2, fields: assign, tensors: false },
  introduce: { wire: 3, fields: introduce, tensors: false },
  ready: { wire: 4, fields: ready, tensors: false },
  activation: { wire: 5, fields: activation, tensors: true },
  gradient: { wire: 6, fields: gradient, tensors: true },
  credit: { wire: 7, fields: credit, tensors: false },
  finished: { wire: 8, fields: finished, tensors: false },
  commit: { wire: 9, fields: commit, tensors: false },
  collect: { wire: 10, fields: collect, tensors: false },
  parameters: { wire: 11, fields: ofLayer, tensors: true },
  load: { wire: 12, fields: ofLayer, tensors: true },
  loaded: { wire: 13, fields: ofLayer, tensors: false },
  failed: { wire: 14, fields: failed, tensors: false },
  end: { wire: 15, fields: nothing, tensors: false },
  clock: { wire: 16, fields: clock, tensors: false },
  clockAnswer: { wire: 17, fields: clockAnswer, tensors: false },
  metered: { wire: 18, fields: metered, tensors: false },
  enrol: { wire: 30, fields: enrol, tensors: false },
  samples: { wire: 31, fields: nothing, tensors: true },
  kept: { wire: 32, fields: nothing, tensors: false },
  partOfLoss: { wire: 33, fields: partOfLoss, tensors: false },
  begin: { wire: 35, fields: begin, tensors: false },
  reduce: { wire: 34, fields: reduce, tensors: true },
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

export type MessageType = keyof typeof messageKinds;

type Kinds = typeof messageKinds;
type Fields<T extends MessageType> = T extends 'end' | 'samples' | 'kept'
  ? unknown
  : Readonly<z.infer<Kinds[T]['fields']>>;
type Carried<T extends MessageType, P> = Kinds[T]['tensors'] extends true
  ? { readonly payload: P }
  : unknown;

/** One message by its type, with payloads of kind `P`: opaque to nodes, tensors in the runtime. */
export type MessageOf<T extends MessageType, P extends Payload = Payload> = {
  readonly type: T;
} & Fields<T> &
  Carried<T, P>;

/** Any message. */
export type Message<P extends Payload = Payload> = {
  [T in MessageType]: MessageOf<T, P>;
}[MessageType];
