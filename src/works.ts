// What a node asks to be computed, and what comes of it: the words between a state machine and whatever
// engine carries its works out. A node of the ring works on stages, one of data parallelism on a whole
// replica, a server on keys.

import type { Payload } from './protocol/payload.ts';

/** Where a stage stands in the ring. A node alone holds one stage, `closing`, with all layers. */
export type Place = 'opening' | 'inner' | 'closing';

/** The contiguous layers [from, to) that a node holds at one place. */
export interface Stage {
  readonly place: Place;
  readonly from: number;
  readonly to: number;
  /** How many microbatches it can hold at once. */
  readonly window: number;
}

export type Mode = 'train' | 'evaluate';

/** What a ring is formed for: to train, or only to use the model, which needs no gradients in memory. */
export type Purpose = 'train' | 'use';

/** One microbatch's journey round the ring: which pass, which part of it. */
export interface Microbatch {
  readonly pass: number;
  /** Optimizer step of a training pass; in evaluation, the steps done so far. */
  readonly step: number;
  readonly mode: Mode;
  readonly microbatch: number;
  /** Microbatches in this pass. */
  readonly of: number;
  readonly rows: number;
  /** Place of the first row in the pass's batch. */
  readonly position: number;
}

/**
 * How many works a node gives its engine at a time: while one is computed the next is at hand, so that
 * the engine never waits for the node to hear of the last one's end. More would decide too early.
 */
export const worksAhead = 2;

/** What a node asks its executor to compute; works are carried out in the order in which they are given. */
export type Work = StageWork | ReplicaWork | ShardWork;

/** Works of stages: a node of the ring holds one or two. `read`, `write` and `update` are also a replica's. */
export type StageWork =
  /** Derive the stages' graphs, allocate, initialise parameters from the seed. */
  | {
      readonly kind: 'prepare';
      readonly training: unknown;
      readonly purpose: Purpose;
      readonly stages: readonly Stage[];
    }
  /** The stage's output for one microbatch; from `input`, or from the samples where the stage begins the ring. */
  | {
      readonly kind: 'forward';
      readonly place: Place;
      readonly of: Microbatch;
      readonly input?: Payload;
    }
  /** On the closing stage: output and loss and, in training, the way back through the stage. */
  | {
      readonly kind: 'loss';
      readonly of: Microbatch;
      readonly batch: number;
      readonly input?: Payload;
    }
  | {
      readonly kind: 'backward';
      readonly place: Place;
      readonly of: Microbatch;
      readonly gradient: Payload;
    }
  /** Weight gradients of one unit of layers over `count` microbatches from `first` on. */
  | {
      readonly kind: 'weights';
      readonly place: Place;
      readonly unit: number;
      readonly first: number;
      readonly count: number;
      readonly rows: number;
    }
  /** Squared norms of the gradients of each of the stage's layers. */
  | { readonly kind: 'norms'; readonly place: Place }
  | { readonly kind: 'update'; readonly scalars: readonly number[] }
  /** A layer's parameters and optimizer state, out of or into the engine. */
  | { readonly kind: 'read'; readonly layer: number }
  | { readonly kind: 'write'; readonly layer: number; readonly payload: Payload };

/** Elements `first` to `first + count` of a parameter, `3.weight`, as it lies in memory. */
export interface Slice {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

/** What a shard of a parameter server keeps of one layer, and the number that all know it by. */
export interface Key {
  readonly key: number;
  readonly layer: number;
  readonly slices: readonly Slice[];
}

/** What a shard of a parameter server asks for; payloads have a tensor for each of the key's slices. */
export type ShardWork =
  /** Allocate the keys of a shard, with parameters of the seed. */
  | { readonly kind: 'hold'; readonly training: unknown; readonly keys: readonly Key[] }
  /** A worker's gradient becomes the sum of a key, or is added to it. */
  | {
      readonly kind: 'gather';
      readonly key: number;
      readonly isFirst: boolean;
      readonly payload: Payload;
    }
  /** The squared norm of a key's sum. */
  | { readonly kind: 'measure'; readonly key: number }
  /** Update a key by its sum: its squared norm and, where that is finite, the parameters as they are then. */
  | { readonly kind: 'apply'; readonly key: number; readonly scalars: readonly number[] }
  /** A key's parameters. */
  | { readonly kind: 'value'; readonly key: number }
  /** What a shard holds of a layer, optimizer state included. */
  | { readonly kind: 'surrender'; readonly layer: number }
  /** A whole layer, optimizer state included: what the shard holds of it is put in place. */
  | { readonly kind: 'restore'; readonly layer: number; readonly payload: Payload }
  /** One layer from what the shards have surrendered of it. */
  | { readonly kind: 'assemble'; readonly layer: number; readonly pieces: readonly Payload[] };

/**
 * Works of a replica: all layers on one node, cut into blocks so that what one block has computed can
 * leave while the others still compute. A block is one layer with parameters and what follows up to the
 * next one; the first also has what goes before.
 */
export type ReplicaWork =
  /** Like `prepare`; `rows` of a full microbatch, of which there are mostly so many in a share. */
  | {
      readonly kind: 'prepareReplica';
      readonly training: unknown;
      readonly rows: number;
      readonly microbatches: number;
    }
  /** One microbatch through a block; the first block takes the samples, others what is in place. */
  | { readonly kind: 'forwardBlock'; readonly block: number; readonly of: Microbatch }
  /** Through the last block and the loss and, in training, back through the block. */
  | {
      readonly kind: 'lossBlock';
      readonly block: number;
      readonly of: Microbatch;
      /** Rows of the global batch: the loss is their mean. */
      readonly batch: number;
    }
  | { readonly kind: 'backwardBlock'; readonly block: number; readonly of: Microbatch }
  /** Gradients of a block's parameters from `count` microbatches; of none when there are no rows: zeros. */
  | {
      readonly kind: 'weightsBlock';
      readonly block: number;
      readonly first: number;
      readonly count: number;
      readonly rows: number;
      /** Of the gradients that are complete with it: to be given, not copied, as a payload for each list. */
      readonly outgoing?: readonly (readonly Slice[])[];
    }
  /** Slices of parameters (`3.weight`) or of gradients (`d/3.weight`), as they stand: not copied. */
  | { readonly kind: 'readSlices'; readonly slices: readonly Slice[] }
  | { readonly kind: 'writeSlices'; readonly slices: readonly Slice[]; readonly payload: Payload }
  /** Adds the payload to the slices; gives the sums. */
  | { readonly kind: 'addSlices'; readonly slices: readonly Slice[]; readonly payload: Payload }
  /** Squared norms of the gradients of all layers. */
  | { readonly kind: 'replicaNorms' }
  /** Training samples out of the dataset, with their numbers; and into a worker's memory. */
  | { readonly kind: 'readSamples'; readonly indices: readonly number[] }
  | { readonly kind: 'keepSamples'; readonly payload: Payload };

/** What a replica's node knows of a block. */
export interface Block {
  /** How many microbatches' gradients of parameters are computed at once. */
  readonly group: number;
  readonly parameters: readonly { readonly name: string; readonly count: number }[];
}

export interface WorkResult {
  /** How long the engine computed, where that is known. */
  readonly seconds?: number;
  /** Of forward: the activation; of loss and backward: the gradient, where somebody awaits one; of read: the tensors. */
  readonly payload?: Payload;
  /** Of weightsBlock: what is outgoing. */
  readonly payloads?: readonly Payload[];
  /** Of loss: the microbatch's share of the mean over the batch. */
  readonly loss?: number;
  /** Of loss in evaluation: how many rows were classified rightly, where targets are classes. */
  readonly correct?: number;
  /** Of norms and replicaNorms: by layer, in order; layers without parameters count 0. */
  readonly squaredNorms?: readonly number[];
  /** Of prepare: bytes of tensors that are now resident, and each stage's weight-gradient units as their group sizes. */
  readonly prepared?: {
    readonly bytes: number;
    readonly units: Readonly<Partial<Record<Place, readonly number[]>>>;
  };
  /** Of prepareReplica: its blocks in order. */
  readonly blocks?: readonly Block[];
}
