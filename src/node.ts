// The vocabulary that every node shares. A node is a pure state machine: `receive(event) -> effects`.
// It opens no socket, reads no clock and computes nothing itself; runtime/ carries the effects out on
// real ports, simulator/ on virtual ones, and both bring back events.

import type { ErrorCode } from './errors.ts';
import type { Message } from './protocol/messages.ts';
import type { Payload } from './protocol/payload.ts';
import type { Stage, Work, WorkResult } from './works.ts';

export type { Message } from './protocol/messages.ts';
export type { Payload } from './protocol/payload.ts';
export type {
  Block,
  Key,
  Microbatch,
  Mode,
  Place,
  Purpose,
  ReplicaWork,
  ShardWork,
  Slice,
  Stage,
  StageWork,
  Work,
  WorkResult,
} from './works.ts';
export { worksAhead } from './works.ts';

export type NodeId = string;
export const masterId: NodeId = 'master';

export type Event =
  | { readonly type: 'start' }
  | {
      readonly type: 'message';
      readonly from: NodeId;
      readonly generation: number;
      readonly message: Message;
    }
  /** A link to a node is open. */
  | { readonly type: 'linked'; readonly node: NodeId }
  /** A link to a node has ended. */
  | { readonly type: 'unlinked'; readonly node: NodeId; readonly reason: string }
  /** The bytes of a payload that was sent have left: its memory may be used again. */
  | { readonly type: 'sent'; readonly message: Message }
  | { readonly type: 'computed'; readonly work: Work; readonly result: WorkResult }
  /** Something that was asked for cannot be done on this node. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly reason: string }
  /** A layer is on the store; everything of a checkpoint is. */
  | { readonly type: 'stored' }
  | { readonly type: 'fetched'; readonly layer: number; readonly payload: Payload }
  /** A copy of a layer as it was after so many steps is in this device's own keeping. */
  | { readonly type: 'kept'; readonly step: number; readonly layer: number }
  /** Such a copy is here; without a payload, there is none or it is damaged. */
  | {
      readonly type: 'recalled';
      readonly step: number;
      readonly layer: number;
      readonly payload?: Payload;
    }
  /** The user wants the run to end, with what there is saved. */
  | { readonly type: 'stop' }
  /** It is time for a checkpoint at the next step boundary. */
  | { readonly type: 'save' }
  /** It is time for a snapshot, which is what losing a node goes back to. */
  | { readonly type: 'replicate' };

/** The bits of a layer after so many steps of a run are the same whoever computed them: this names them. */
export interface SnapshotId {
  readonly run: string;
  readonly step: number;
  readonly layer: number;
}

export type Effect =
  | {
      readonly type: 'send';
      readonly to: NodeId;
      readonly generation: number;
      readonly message: Message;
      /** It may wait until the link has nothing else to send. */
      readonly background?: true;
    }
  /** Open a link to a neighbour and say that it comes from `self`. */
  | {
      readonly type: 'connect';
      readonly node: NodeId;
      readonly address: string;
      readonly self: NodeId;
      readonly generation: number;
    }
  | { readonly type: 'compute'; readonly work: Work }
  /** Keep a layer for the checkpoint being written; `layer` undefined: it is complete. */
  | {
      readonly type: 'store';
      readonly step: number;
      readonly layer?: number;
      readonly payload?: Payload;
    }
  /** Bring a layer back from the store. */
  | { readonly type: 'fetch'; readonly layer: number }
  /** Give up the checkpoint that was begun; the one before it stays. */
  | { readonly type: 'discard' }
  /** Keep a layer as it is after so many steps of a run, on this device: one event `kept`. */
  | ({ readonly type: 'keep'; readonly payload: Payload } & SnapshotId)
  /** Bring such a layer back: one event `recalled`. */
  | ({ readonly type: 'recall' } & SnapshotId)
  /** Copies of a run from before this step are needed no more. */
  | { readonly type: 'drop'; readonly run: string; readonly before: number }
  | { readonly type: 'report'; readonly report: Report }
  /** The engine has nothing to do, and why. */
  | { readonly type: 'wait'; readonly cause: IdleCause }
  /** The node's part of step `step` is committed. */
  | { readonly type: 'committed'; readonly step: number }
  /** The node has nothing more to do; with an error, it could not. */
  | {
      readonly type: 'end';
      readonly error?: { readonly code: ErrorCode; readonly reason: string };
    };

/**
 * Why an engine has nothing to compute: no activation or sample has come, no gradient, no word that
 * parameters are (or may be) updated; what it has put out has not left; its own node has not yet said
 * what comes next; the run has not begun, or is being saved or ended.
 */
export type IdleCause = 'input' | 'gradient' | 'parameters' | 'link' | 'node' | 'start' | 'end';

/** What a node tells the person or the program that started it. */
export type Report =
  | {
      readonly kind: 'joined';
      readonly node: NodeId;
      readonly name: string;
      readonly joined: number;
      readonly wanted: number;
    }
  | { readonly kind: 'formed'; readonly nodes: readonly NodeReport[] }
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly learningRate: number;
      readonly samples: number;
    }
  | {
      readonly kind: 'evaluated';
      readonly step: number;
      readonly epoch: number;
      readonly loss?: number;
      readonly accuracy?: number;
      readonly samples: number;
    }
  | { readonly kind: 'evaluating'; readonly done: number; readonly samples: number }
  | { readonly kind: 'output'; readonly position: number; readonly payload: Payload }
  /** Training samples go to the workers before the first step; when all have theirs. */
  | { readonly kind: 'shipping' }
  | { readonly kind: 'shipped'; readonly samples: number; readonly bytes: number }
  /** A node of the ring is gone; what follows is a re-forming, or the end. */
  | { readonly kind: 'lost'; readonly node: NodeId; readonly name: string; readonly reason: string }
  /** Layers were cut anew; training goes on after `step` steps, `replay` of them to be done again. */
  | {
      readonly kind: 'reformed';
      readonly nodes: readonly NodeReport[];
      readonly step: number;
      readonly replay: number;
      readonly cause: 'lost' | 'joined' | 'slow';
    }
  /** A step was done again that had been reported before; `until` so many are. */
  | { readonly kind: 'replayed'; readonly step: number; readonly until: number }
  /** A worker is gone, and the others share its part from now on. */
  | { readonly kind: 'dropped'; readonly node: NodeId; readonly reason: string }
  /** Of all pushes so far: how many updates came between a worker's pull and its push. */
  | {
      readonly kind: 'staleness';
      readonly pushes: number;
      readonly mean: number;
      readonly most: number;
    }
  | { readonly kind: 'saved'; readonly step: number };

export interface NodeReport {
  readonly node: NodeId;
  readonly name: string;
  readonly engine: string;
  readonly cores: number;
  readonly flops: number;
  /** One stage on a worker; two on a master with workers. */
  readonly stages: readonly Stage[];
  /** Resident tensors. */
  readonly bytes: number;
  /** Where not every node does the same. */
  readonly roles?: readonly ('worker' | 'server')[];
}

/** A node of any architecture. */
export interface Node {
  receive(event: Event): readonly Effect[];
}

/** Carries out a node's works, in order; the real one is runtime/, simulations may only cost them. */
export interface Executor {
  run(work: Work): Promise<WorkResult>;
}
