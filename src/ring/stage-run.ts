// One stage's progress through one pass, and what waits for it. Microbatches go through a stage in
// order, so counters say everything: which slot of memory is free, which credit may be given, which
// group of weight gradients is complete. Slots and credits: GPipe's memory bounded as in PipeDream's
// 1F1B (Narayanan et al. 2019), by what the receiver says that it can hold rather than by p - s.

import type { IdleCause, Microbatch, Mode, Payload, Stage, Work } from '../node.ts';
import { groupsHeld } from '../plan/memory.ts';

interface Waiting {
  readonly of: Microbatch;
  readonly payload: Payload;
}

/** How many microbatches have been through each kind of work. */
class Progress {
  forwarded = 0;
  backwarded = 0;
  /** By unit of weight gradients. */
  readonly weighted: number[];

  constructor(units: number) {
    this.weighted = Array.from({ length: units }, () => 0);
  }

  count(work: Work): void {
    if (work.kind === 'forward' || work.kind === 'loss') this.forwarded += 1;
    if (work.kind === 'backward' || work.kind === 'loss') this.backwarded += 1;
    if (work.kind === 'weights') this.weighted[work.unit]! += work.count;
  }
}

export class StageRun {
  readonly stage: Stage;
  /** Group size of each unit of weight gradients. */
  readonly units: readonly number[];
  /** Begins the ring: takes samples, not activations. */
  readonly isFirst: boolean;
  /** Ends the ring: computes the loss. */
  readonly isLast: boolean;

  pass = 0;
  mode: Mode = 'train';
  of = 0;
  /** Works handed to the engine, which does them in order; and those that it has done. */
  given = new Progress(0);
  computed = new Progress(0);
  /** Activations whose bytes have left; gradients likewise. */
  activationsLeft = 0;
  gradientsLeft = 0;
  arrived = 0;
  readonly activations: Waiting[] = [];
  readonly gradients: Waiting[] = [];
  /** Outputs that wait for credit from downstream. */
  readonly #outgoing: Waiting[] = [];
  #sent = 0;
  #credit = 0;
  /** The microbatches that went forward. */
  readonly #passed: Microbatch[] = [];
  #gradientsArrived = 0;
  #granted = 0;

  readonly #downstreamWindow: number;

  /** `downstreamWindow`: how many microbatches the next stage can hold; 0 where there is none. */
  constructor(stage: Stage, units: readonly number[], alone: boolean, downstreamWindow: number) {
    this.stage = stage;
    this.#downstreamWindow = downstreamWindow;
    this.units = units;
    this.isFirst = stage.place === 'opening' || alone;
    this.isLast = stage.place === 'closing';
    this.begin(0, 'train', 0);
  }

  begin(pass: number, mode: Mode, of: number): void {
    this.pass = pass;
    this.mode = mode;
    this.of = of;
    this.given = new Progress(this.units.length);
    this.computed = new Progress(this.units.length);
    this.activationsLeft = this.gradientsLeft = this.arrived = 0;
    this.#gradientsArrived = this.#passed.length = 0;
    this.activations.length = this.gradients.length = this.#outgoing.length = 0;
    this.#sent = 0;
    this.#credit = this.#downstreamWindow;
    this.#granted = Math.min(of, this.stage.window);
  }

  /** How many microbatches may have been let in altogether, by the memory that is free. */
  get limit(): number {
    const { window } = this.stage;
    const { forwarded, backwarded, weighted } = this.computed;
    let done = this.isLast ? forwarded : Math.min(forwarded, this.activationsLeft);
    if (this.mode === 'train') {
      done = Math.min(done, backwarded);
      if (!this.isFirst) done = Math.min(done, this.gradientsLeft);
    }
    let limit = done + window;
    if (this.mode === 'train') {
      this.units.forEach((group, unit) => {
        const complete = Math.floor(weighted[unit]! / group);
        limit = Math.min(limit, (complete + groupsHeld(window, group)) * group);
      });
    }
    return Math.min(limit, this.of);
  }

  /** The credit to give upstream now: undefined when it has it already. */
  grant(): number | undefined {
    const { limit } = this;
    if (this.isFirst || limit <= this.#granted) return undefined;
    this.#granted = limit;
    return limit;
  }

  /** Takes in an activation; false when it is not the one that is due or nobody gave credit for it. */
  takeActivation(of: Microbatch, payload: Payload): boolean {
    const isOfThisPass = of.pass === this.pass && of.mode === this.mode && of.of === this.of;
    if (!isOfThisPass || of.microbatch !== this.arrived || this.arrived >= this.#granted)
      return false;
    this.arrived += 1;
    this.activations.push({ of, payload });
    return true;
  }

  /** Takes in the gradient of a microbatch that was sent on; false when it is not the one that is due. */
  takeGradient(pass: number, microbatch: number, payload: Payload): boolean {
    if (pass !== this.pass || this.mode !== 'train') return false;
    const of = this.#passed[microbatch];
    if (!of || microbatch >= this.#sent || microbatch !== this.#gradientsArrived) return false;
    this.#gradientsArrived += 1;
    this.gradients.push({ of, payload });
    return true;
  }

  /** The next group of weight gradients that is complete. */
  get readyUnit(): { unit: number; first: number; count: number } | undefined {
    if (this.mode !== 'train') return undefined;
    for (const [unit, group] of this.units.entries()) {
      const first = this.given.weighted[unit]!;
      const count = Math.min(group, this.of - first);
      if (count > 0 && this.given.backwarded >= first + count) return { unit, first, count };
    }
    return undefined;
  }

  /** Puts out an activation; `release` gives those that may be sent. */
  putOut(of: Microbatch, payload: Payload): void {
    this.#outgoing.push({ of, payload });
  }

  /** Downstream can take in `upTo` microbatches of the pass in all. */
  takeCredit(pass: number, upTo: number): void {
    if (pass === this.pass) this.#credit = Math.max(this.#credit, upTo);
  }

  /** The activations that may be sent now, in order. */
  release(): readonly Waiting[] {
    const released = this.#outgoing.splice(0, Math.max(0, this.#credit - this.#sent));
    this.#sent += released.length;
    return released;
  }

  /** Rows of the microbatches [first, end): the last of a pass may be smaller. */
  rowsBetween(first: number, end: number): number {
    return this.#passed.slice(first, end).reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Everything of this pass is given to the engine. */
  get complete(): boolean {
    const { forwarded, backwarded, weighted } = this.given;
    return this.mode === 'train'
      ? backwarded === this.of && weighted.every((done) => done === this.of)
      : forwarded === this.of;
  }

  /** What the stage waits for when nothing can be computed. */
  get awaits(): IdleCause {
    const { forwarded, backwarded } = this.given;
    if (this.complete) return 'parameters';
    if (this.#outgoing.length > 0 || this.activationsLeft < (this.isLast ? 0 : this.#sent))
      return 'link';
    return forwarded < this.of && (forwarded === backwarded || forwarded < this.limit)
      ? 'input'
      : 'gradient';
  }

  /** Counts a work that the engine is given. */
  give(work: Work): void {
    this.given.count(work);
    if (work.kind === 'forward' || work.kind === 'loss') this.#passed.push(work.of);
  }
}
