// What happened on a node and when: the record from which every figure about a run follows. Times are
// seconds on the node's own clock (runtime/) or the virtual one (simulator/); the same fold reads both.

import type { IdleCause } from '../node.ts';

export type { IdleCause } from '../node.ts';

/** What an engine is busy with; the way through the last layers and back in one is `backward`. */
export type BusyKind = 'forward' | 'backward' | 'weights' | 'update' | 'other';

export type Entry =
  /** The engine computed; intervals of one node do not overlap. */
  | {
      readonly type: 'compute';
      readonly kind: BusyKind;
      readonly label: string;
      readonly start: number;
      readonly end: number;
    }
  /** The node has given its engine all there is and waits. */
  | { readonly type: 'wait'; readonly cause: IdleCause; readonly at: number }
  /** A message was handed to its link at `start`; its bytes had left at `end`. */
  | {
      readonly type: 'send';
      readonly to: string;
      readonly message: string;
      readonly bytes: number;
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly type: 'receive';
      readonly from: string;
      readonly message: string;
      readonly bytes: number;
      readonly at: number;
    }
  /** Messages were turned into bytes or back, beside the engine. */
  | { readonly type: 'serialise'; readonly seconds: number; readonly at: number }
  /** The node's part of a step is committed. */
  | { readonly type: 'commit'; readonly step: number; readonly at: number }
  /** Training stands still, since the model is tested or saved; and goes on. */
  | { readonly type: 'pause'; readonly at: number }
  | { readonly type: 'resume'; readonly at: number }
  /** What was computed since the last commit is thrown away. */
  | { readonly type: 'abandon'; readonly at: number }
  /** A server has answered a push: how many updates had come since the worker's pull. */
  | { readonly type: 'answer'; readonly staleness: number; readonly at: number };
