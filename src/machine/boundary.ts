// What the master does between two passes: the next of the course, a checkpoint that has fallen due,
// or the end. Only here a run is saved, so that every checkpoint holds whole steps.

import type { ErrorCode } from '../errors.ts';
import type { Pass } from './course.ts';

export interface EndError {
  readonly code: ErrorCode;
  readonly reason: string;
}

export type Next =
  | Pass
  | {
      readonly kind: 'end';
      readonly error?: EndError | undefined;
    };

export class Boundary {
  readonly #course: Iterator<Pass>;
  #stepsDone: number;
  #savedStep: number | undefined;
  #saveDue = false;
  #ending: EndError | undefined;

  /** `loadedStep`: the run begins from a checkpoint after so many steps. */
  constructor(course: Iterator<Pass>, loadedStep: number | undefined) {
    this.#course = course;
    this.#stepsDone = loadedStep ?? 0;
    this.#savedStep = loadedStep;
  }

  committed(step: number): void {
    this.#stepsDone = step + 1;
  }

  saved(step: number): void {
    this.#savedStep = step;
  }

  /** A checkpoint is to be made at the next boundary. */
  saveIsDue(): void {
    this.#saveDue = true;
  }

  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** The run is to end at the next boundary, with everything saved. */
  endWith(error: EndError): void {
    this.#ending = error;
  }

  next(): Next {
    const isSaved = this.#savedStep === this.#stepsDone;
    const save = { kind: 'save', step: this.#stepsDone } as const;
    if (this.#ending) return isSaved ? { kind: 'end', error: this.#ending } : save;
    const isDue = this.#saveDue && !isSaved;
    this.#saveDue = false;
    if (isDue) return save;
    const next = this.#course.next();
    return next.done ? { kind: 'end' } : next.value;
  }
}
