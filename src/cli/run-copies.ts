// What a compared run keeps for the case that a node is lost: a ring copies of its layers, at every node; a
// parameter server a checkpoint at its master, as often. All-reduce has its replicas.

import { join } from 'node:path';

import { createRun } from '../checkpoint/run-writer.ts';
import { openSnapshots } from '../checkpoint/snapshots.ts';
import type { ResolvedTraining } from '../model/training.ts';
import { memorySnapshots } from '../runtime/snapshots.ts';
import type { Copies } from '../study/faults.ts';
import type { Architecture } from '../study/results.ts';
import { runOf } from '../transport/invitation.ts';
import type { MasterSessionOptions, Session } from './master-session.ts';
import { createRunStore } from './run-store.ts';

export interface RunCopies {
  readonly options: Partial<MasterSessionOptions>;
  /** To be told of every step. */
  stepDone(step: number, session: Session): void;
  close(): Promise<void>;
}

const nothing: RunCopies = {
  options: {},
  stepDone: () => undefined,
  close: () => Promise.resolve(),
};

/** `folder`: for what is kept on this device's disk; `secret`: the run's. Errors: STORE. */
export async function runCopies(
  copies: (Copies & { readonly folder: string }) | undefined,
  architecture: Architecture,
  training: ResolvedTraining,
  secret: string,
): Promise<RunCopies> {
  if (!copies) return nothing;
  const { on, everySteps, folder } = copies;
  if (architecture === 'ring') {
    const snapshots =
      on === 'memory'
        ? memorySnapshots()
        : await openSnapshots(join(folder, 'master'), runOf(secret));
    return { ...nothing, options: { replicas: on, replicateEvery: everySteps, snapshots } };
  }
  if (!architecture.startsWith('parameter-server')) return nothing;
  const run = await createRun(join(folder, 'run'), training);
  return {
    options: { store: createRunStore(() => Promise.resolve(run), training) },
    stepDone(step, session) {
      if (step % everySteps === 0) session.save();
    },
    close: () => run.close(),
  };
}
