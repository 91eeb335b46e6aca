// What the master does between two passes: the next of the course, a checkpoint that has fallen due,
// or the end. Only here a run is saved, so that every checkpoint holds whole steps.

import type { ErrorCode } from '../errors.ts';
import type { Course, Pass } from './course.ts';

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

/** What an earlier part of the same run has told already. */
export interface Told {
  /** The last step, as a count of steps done. */
  readonly step: number;
  /** After how many steps the model was last held against the test set. */
  readonly evaluated: number;
}

export class Boundary {
  readonly #course: Course;
  #passes: Iterator<Pass>;
  #stepsDone: number;
  #stepsTold: number;
  #evaluatedStep: number;
  #savedStep: number | undefined;
  #saveDue = false;
  #ending: EndError | undefined;

  /**
   * `loadedStep`: the run begins from a checkpoint after so many steps. `told`: what it does again is
   * not told again.
   */
  constructor(course: Course, loadedStep?: number, told?: Told) {
    this.#course = course;
    this.#stepsDone = loadedStep ?? 0;
    this.#stepsTold = told?.step ?? this.#stepsDone;
    this.#evaluatedStep = told?.evaluated ?? -1;
    this.#savedStep = loadedStep;
    this.#passes = course(this.#stepsDone);
  }

  get stepsDone(): number {
    return this.#stepsDone;
  }

  get savedStep(): number | undefined {
    return this.#savedStep;
  }

  /** How many steps have ever been done; more than are done while some are replayed. */
  get stepsTold(): number {
    return this.#stepsTold;
  }

  /** Goes back to where so many steps were done: what is done again is told and saved once only. */
  backTo(step: number): void {
    this.#stepsDone = step;
    this.#passes = this.#course(step);
  }

  committed(step: number): void {
    this.given(step);
    this.told(step);
  }

  /** The step is under way, and what follows on it is next: whoever works ahead says later that it is done. */
  given(step: number): void {
    this.#stepsDone = step + 1;
  }

  told(step: number): void {
    this.#stepsTold = Math.max(this.#stepsTold, step + 1);
  }

  evaluated(step: number): void {
    this.#evaluatedStep = step;
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
    for (;;) {
      const { done, value } = this.#passes.next();
      if (done) return { kind: 'end' };
      if (!this.#isDone(value)) return value;
    }
  }

  #isDone({ kind, step }: Pass): boolean {
    if (kind === 'evaluate') return step <= this.#evaluatedStep;
    return kind === 'save' && step === this.#savedStep;
  }
}
