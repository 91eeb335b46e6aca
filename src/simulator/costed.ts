// An executor that computes nothing and answers with what a schedule needs: sizes. With it a thousand
// devices fit in one process.

import { RingError } from '../errors.ts';
import type { Place, Work, WorkResult } from '../node.ts';
import type { SimulatedExecutor } from './simulation.ts';

/** What a frame says of each tensor: its name, type and shape. That of the first is counted with its message. */
export const tensorHeaderBytes = 56;

export interface CostedStage {
  /** Bytes of the activation that the stage sends on, and of the gradient that it sends back. */
  readonly outputBytes: number;
  readonly inputBytes: number;
  /** Group size of each unit of weight gradients. */
  readonly units: readonly number[];
}

export class CostedExecutor implements SimulatedExecutor {
  readonly #stages: Readonly<Partial<Record<Place, CostedStage>>>;

  constructor(stages: Readonly<Partial<Record<Place, CostedStage>>>) {
    this.#stages = stages;
  }

  run(work: Work): WorkResult {
    switch (work.kind) {
      case 'prepare':
        return {
          prepared: {
            bytes: 0,
            units: Object.fromEntries(
              Object.entries(this.#stages).map(([place, { units }]) => [place, units]),
            ),
          },
        };
      case 'forward':
        return { payload: { bytes: this.#stages[work.place]!.outputBytes } };
      case 'backward':
        return { payload: { bytes: this.#stages[work.place]!.inputBytes } };
      case 'loss':
        return { payload: { bytes: this.#stages.closing!.inputBytes }, loss: 0 };
      case 'norms':
        return { squaredNorms: [0] };
      case 'read':
        return { payload: { bytes: 0 } };
      case 'weights':
      case 'update':
      case 'write':
        return {};
      default:
        throw new RingError('GRAPH', `a stage does not know the work ${work.kind}`);
    }
  }
}
