// Where a device keeps copies of layers, its own and its neighbour's, so that a ring that loses a node
// can go back to a step that was done. What a copy holds follows from run, step and layer alone.

import type { SnapshotId } from '../node.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { MessageOf, TensorPayload } from '../protocol/messages.ts';

/** What a device says of its copies when it joins: of which run, and which layers after how many steps. */
export type Holdings = Required<Pick<MessageOf<'join'>, 'run' | 'holds'>>;

export interface SnapshotStore {
  /** Settles when the copy is whole; the payload's bytes are read until then and no longer. */
  keep(id: SnapshotId, payload: TensorPayload): Promise<void>;
  /** Undefined when there is no such copy, or a damaged one. */
  recall(id: SnapshotId): Promise<TensorPayload | undefined>;
  /** Drops the copies of a run from before a step. */
  drop(run: string, before: number): Promise<void>;
  /** Of the run that was last kept; undefined when there is nothing. */
  holdings(): Promise<Holdings | undefined>;
}

/** Copies that last as long as the process, of one run at a time. */
export function memorySnapshots(): SnapshotStore {
  let current: string | undefined;
  const steps = new Map<number, Map<number, TensorPayload>>();
  return {
    keep({ run, step, layer }, { tensors }) {
      if (run !== current) steps.clear();
      current = run;
      const layers = steps.get(step) ?? new Map<number, TensorPayload>();
      const copies = tensors.map((tensor) => ({ ...tensor, bytes: tensor.bytes.slice() }));
      steps.set(step, layers.set(layer, tensorPayload(copies)));
      return Promise.resolve();
    },
    recall: ({ run, step, layer }) =>
      Promise.resolve(run === current ? steps.get(step)?.get(layer) : undefined),
    drop(run, before) {
      if (run === current) for (const step of steps.keys()) if (step < before) steps.delete(step);
      return Promise.resolve();
    },
    holdings: () =>
      Promise.resolve(
        current === undefined || steps.size === 0
          ? undefined
          : {
              run: current,
              holds: [...steps].map(([step, layers]) => ({ step, layers: [...layers.keys()] })),
            },
      ),
  };
}
