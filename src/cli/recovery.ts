// What a master needs so that its ring outlives the loss of nodes, and the loss of the master itself.

import type { Told } from '../machine/boundary.ts';
import type { Holdings, SnapshotStore } from '../runtime/snapshots.ts';
import { runOf } from '../transport/invitation.ts';

export interface RecoveryOptions {
  /** Where this device keeps its copies of layers; without, losing a node ends the run. */
  readonly snapshots?: SnapshotStore;
  /** Copies are made every so many steps; else when it is asked for. */
  readonly replicateEvery?: number;
  /** What an earlier part of the same run has told already. */
  readonly told?: Told;
}

export interface Recovery extends Omit<RecoveryOptions, 'snapshots'> {
  /** The run's name, by which copies of layers are known. */
  readonly run: string;
  /** The copies on this device. */
  readonly holds?: Holdings['holds'];
}

export async function recoveryOf(
  { told, replicateEvery }: RecoveryOptions,
  secret: string,
  snapshots: SnapshotStore,
): Promise<Recovery> {
  const holdings = await snapshots.holdings();
  return {
    run: runOf(secret),
    ...(told && { told }),
    ...(holdings && { holds: holdings.holds }),
    ...(replicateEvery !== undefined && { replicateEvery }),
  };
}
