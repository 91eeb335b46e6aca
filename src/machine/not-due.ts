// Messages that the state of a node has no place for.

import { RingError } from '../errors.ts';
import type { Message, NodeId } from '../node.ts';

/** The refusal of such a message: it comes of two versions, or of somebody's fault. */
export const notDue = (from: NodeId, { type }: Message): RingError =>
  new RingError(
    'PROTOCOL',
    `${from} sent '${type}' when it was not due: all nodes must run the same version of ringtmp`,
  );
