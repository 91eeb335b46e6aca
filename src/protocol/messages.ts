// What nodes say to each other: every message with its number on the wire and the schema of its
// fields. The schemas are strict and every number and text is bounded, because a message is held
// against them before a node sees it.

import { z } from 'zod';

import { errorCodes } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { dataParallelKinds } from './data-parallel.ts';
import {
  count,
  layer,
  maximumLayers,
  maximumNodes,
  mode,
  node,
  nothing,
  positive,
  small,
  text,
} from './fields.ts';
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
  /** Of which run this device keeps copies of layers, and of which steps. */
  run: text.optional(),
  holds: z
    .array(z.strictObject({ step: count, layers: z.array(layer).max(maximumLayers) }))
    .max(256)
    .optional(),
});

/**
 * Master to worker: your place in the ring of this generation and the layers [from, to) you hold. With a
 * newer generation the ring forms anew: what was under way is dropped.
 */
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
  /** Copies of these layers are made when the master says so, and kept under this name. */
  run: text.optional(),
  layers: z.array(layer).max(maximumLayers).optional(),
  /** The resolved training file; model/ holds it against its own schema. */
  training: z.unknown(),
});

/** Worker to the clockwise neighbour it dialled: who I am. */
const introduce = z.strictObject({ node, generation: small });

/**
 * Worker to master: what I hold is prepared and takes this many bytes, and my neighbours are linked. Of a
 * replica that is one: it is as it was after so many steps.
 */
const ready = z.strictObject({ bytes: count, step: count.optional() });

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
  /** How long the engines of this node and of all after it have computed for the step. */
  seconds: z.array(z.number().min(0)).max(maximumNodes).optional(),
});

/** Clockwise: apply the update of this pass, with the optimizer's scalars; and whether to copy the layers then. */
const commit = z.strictObject({
  pass: count,
  step: count,
  scalars: z.array(z.number()).max(64),
  snapshot: z.boolean().optional(),
});

/**
 * A layer as it is after so many steps. `replica` is a copy for the clockwise neighbour; `holds` tells the
 * master that such a copy is kept; `restore` asks who holds the layer to put its own copy in place, and
 * `recall` to give it; `absent` answers that there is none.
 */
const snapshot = z.strictObject({ step: count, layer });

/** Master to worker: copies from before this step are needed no more. */
const retain = z.strictObject({ from: count });

/** Asked for by the master: the layer as it is after the commit of this pass; 0 before any. */
const collect = z.strictObject({ layer, pass: count });

/** One layer: given by its holder, put back by the master, put back. */
const ofLayer = z.strictObject({ layer });

/** Either way between worker and master: this node cannot go on; or `node`, a neighbour, is gone. */
const failed = z.strictObject({ code, message: z.string().max(4096), node: node.optional() });

const seconds = z.number();

/** Master to worker, to learn how far its clock is: sent at this time; and whether a trace is wanted at the end. */
const clock = z.strictObject({ sent: seconds, trace: z.boolean() });

/** The answer: what was asked, and when it came and was answered by the worker's clock. */
const clockAnswer = z.strictObject({ sent: seconds, received: seconds, answered: seconds });

/** Master to worker: training stands still, since the model is tested or saved; or goes on. */
const pause = z.strictObject({ isPaused: z.boolean() });

/** Worker to master, last of all: its meter's figures and, for a trace, its newest entries; meter/ reads them. */
const metered = z.strictObject({
  figures: z.unknown(),
  usage: z.unknown(),
  energy: z.unknown().optional(),
  entries: z.array(z.unknown()).max(10_000),
});

/**
 * Every message: its number on the wire (never reused), its fields, and whether tensors travel with it.
 * `end` tells the workers that training is over.
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
  replica: { wire: 20, fields: snapshot, tensors: true },
  holds: { wire: 21, fields: snapshot, tensors: false },
  retain: { wire: 22, fields: retain, tensors: false },
  restore: { wire: 23, fields: snapshot, tensors: false },
  recall: { wire: 24, fields: snapshot, tensors: false },
  absent: { wire: 25, fields: snapshot, tensors: false },
  pause: { wire: 29, fields: pause, tensors: false },
  ...dataParallelKinds,
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
