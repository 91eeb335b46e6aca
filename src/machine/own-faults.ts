// Which failures of a worker are its own: without it the others can go on.

import type { ErrorCode } from '../errors.ts';

const ownFaults: ReadonlySet<ErrorCode> = new Set([
  'INTERRUPTED',
  'NODE_LOST',
  'ENGINE',
  'MEMORY',
  'STORE',
]);

/** Whether only the node that says so fails of it; of anything else the others would fail as well. */
export const isOwnFault = (code: ErrorCode): boolean => ownFaults.has(code);
