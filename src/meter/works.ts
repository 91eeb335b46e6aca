// What a work is called, in pictures and traces, and which kind of busy time it is.

import type { Work } from '../node.ts';
import type { BusyKind } from './timeline.ts';

interface Description {
  readonly kind: BusyKind;
  /** F3 forward of microbatch 3, B3 backward, L3 loss (both), W0 weight gradients from microbatch 0 on, U update. */
  readonly label: string;
}

/** The model is tested or saved by it: no part of a step. */
export function isAside(work: Work): boolean {
  switch (work.kind) {
    case 'forward':
    case 'forwardBlock':
    case 'loss':
    case 'lossBlock':
      return work.of.mode === 'evaluate';
    default:
      return work.kind === 'surrender' || work.kind === 'assemble';
  }
}

/** A step begins with it, on any kind of node. */
export function beginsStep(work: Work): boolean {
  switch (work.kind) {
    case 'forward':
    case 'forwardBlock':
    case 'loss':
    case 'lossBlock':
      return work.of.mode === 'train';
    default:
      return work.kind === 'gather';
  }
}

/** All is formed anew with it: what was under way comes to nothing. */
export const isPreparation = ({ kind }: Work): boolean =>
  kind === 'prepare' || kind === 'prepareReplica' || kind === 'hold';

export function describeWork(work: Work): Description {
  switch (work.kind) {
    case 'forward':
    case 'forwardBlock':
      return { kind: 'forward', label: `F${work.of.microbatch}` };
    case 'backward':
    case 'backwardBlock':
      return { kind: 'backward', label: `B${work.of.microbatch}` };
    case 'loss':
    case 'lossBlock':
      return { kind: 'backward', label: `L${work.of.microbatch}` };
    case 'weights':
    case 'weightsBlock':
      return { kind: 'weights', label: `W${work.first}` };
    case 'addSlices':
    case 'gather':
      return { kind: 'update', label: '+' };
    case 'norms':
    case 'replicaNorms':
    case 'measure':
      return { kind: 'update', label: 'N' };
    case 'update':
    case 'apply':
      return { kind: 'update', label: 'U' };
    case 'prepare':
    case 'prepareReplica':
    case 'hold':
      return { kind: 'other', label: 'P' };
    case 'read':
    case 'write':
    case 'value':
    case 'surrender':
    case 'restore':
    case 'assemble':
    case 'readSlices':
    case 'writeSlices':
    case 'readSamples':
    case 'keepSamples':
      return { kind: 'other', label: 'S' };
  }
}
