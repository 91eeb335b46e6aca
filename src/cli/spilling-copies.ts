// Copies of layers on a disk that may be full: those that it does not take are kept in memory, so that a
// device that can still compute stays in its ring.

import { RingError } from '../errors.ts';
import { memorySnapshots } from '../runtime/snapshots.ts';
import type { SnapshotStore } from '../runtime/snapshots.ts';

/** `warn` is told why, the first time that the disk does not take a copy. */
export function spilling(disk: SnapshotStore, warn: (reason: string) => void): SnapshotStore {
  const memory = memorySnapshots();
  let isWarned = false;
  return {
    async keep(id, payload) {
      try {
        await disk.keep(id, payload);
      } catch (error) {
        if (!(error instanceof RingError) || error.code !== 'STORE') throw error;
        if (!isWarned) warn(error.message);
        isWarned = true;
        await memory.keep(id, payload);
      }
    },
    recall: async (id) => (await memory.recall(id)) ?? disk.recall(id),
    async drop(run, before) {
      await memory.drop(run, before);
      await disk.drop(run, before);
    },
    async holdings() {
      const [kept, spilt] = [await disk.holdings(), await memory.holdings()];
      if (!kept || !spilt) return kept ?? spilt;
      return { ...kept, holds: [kept, spilt].flatMap(({ holds = [] }) => holds) };
    },
  };
}
