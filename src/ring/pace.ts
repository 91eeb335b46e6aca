// Whether a node drags the ring: engines tell how long they computed for each step, and from that and
// what a step costs follows how fast each really is, whatever it promised when it joined. Cutting the
// layers by these speeds is worth a move when the slowest node gains a fifth and the steps that are left
// gain more than the move costs, in two stretches of steps, one after the other: a device that is busy
// with something else for a moment does not drag.

import type { NodeId, Stage } from '../node.ts';
import type { Cutter, Formation, Member } from './formation.ts';

/** What is known of the work ahead; without it nobody is judged by its speed. */
export interface PaceOptions {
  /** Of the whole run. */
  readonly steps: number;
  /** By layer: operations of a step, and bytes of parameters and optimizer state. */
  readonly layers: readonly { readonly operations: number; readonly bytes: number }[];
}

/** A stretch: so many steps the first time, twice as many after each move, and no less than a second's work. */
const observedSteps = 4;
const observedSeconds = 1;

/** The slowest node's time must be shorter at least by this share. */
const leastGain = 0.2;

/** What a move takes besides the bytes, in seconds; and the rate that layers surely move at, in bytes a second. */
const moveSeconds = 2;
const moveRate = 2.5e6;

export class Pace {
  readonly #options: PaceOptions | undefined;
  readonly #seconds = new Map<NodeId, number>();
  #steps = 0;
  #observed = observedSteps;
  /** The last stretch spoke for a move. */
  #hasDragged = false;

  constructor(options: PaceOptions | undefined) {
    this.#options = options;
  }

  /** Forgets what was measured: layers or holders are others now. `hasMoved`: because of that. */
  restart(hasMoved: boolean): void {
    this.#beginStretch();
    this.#hasDragged = false;
    if (hasMoved) this.#observed *= 2;
  }

  #beginStretch(): void {
    this.#seconds.clear();
    this.#steps = 0;
  }

  /** A step is done, in which the members, in order, computed for so long. */
  add(members: readonly Member[], seconds: readonly number[]): void {
    if (seconds.length !== members.length) return;
    this.#steps += 1;
    for (const [index, { node }] of members.entries())
      this.#seconds.set(node, (this.#seconds.get(node) ?? 0) + seconds[index]!);
  }

  /**
   * The members with the speeds that they have shown, when cutting by these pays after `done` steps,
   * as it did after the stretch before; else undefined. Looks once for each stretch of steps.
   */
  better(formation: Formation, cut: Cutter, done: number): readonly Member[] | undefined {
    if (!this.#options || this.#steps < this.#observed) return undefined;
    if (Math.max(...this.#seconds.values()) < observedSeconds) return undefined;
    const drags = this.#dragging(formation, cut, this.#options.steps - done);
    this.#beginStretch();
    const again = this.#hasDragged ? drags : undefined;
    this.#hasDragged = drags !== undefined;
    return again;
  }

  #dragging(formation: Formation, cut: Cutter, stepsLeft: number): readonly Member[] | undefined {
    const { members } = formation;
    const times = members.map(({ node }) => (this.#seconds.get(node) ?? 0) / this.#steps);
    if (members.length === 1 || times.some((time) => time === 0)) return undefined;
    const measured = members.map((member, index) => {
      const operations = this.#operations(formation.stagesOf(member.node));
      return { ...member, flops: operations / times[index]! };
    });
    if (measured.some(({ flops }) => flops === 0)) return undefined;
    const stages = cut(measured);
    const expected = measured.map(({ flops }, index) => this.#operations(stages[index]!) / flops);
    const [now, then] = [Math.max(...times), Math.max(...expected)];
    const gain = (now - then) * stepsLeft;
    const pays = then <= (1 - leastGain) * now && gain > this.#cost(formation, measured, stages);
    return pays ? measured : undefined;
  }

  /** Seconds: layers go to the master and from there to their new holder. */
  #cost(
    formation: Formation,
    members: readonly Member[],
    stages: readonly (readonly Stage[])[],
  ): number {
    let bytes = 0;
    for (const [index, { node }] of members.entries())
      for (const { from, to } of stages[index]!)
        for (let layer = from; layer < to; layer += 1)
          if (formation.holderOf(layer) !== node) bytes += this.#options!.layers[layer]!.bytes;
    return moveSeconds + (2 * bytes) / moveRate;
  }

  #operations(stages: readonly Stage[]): number {
    return stages
      .flatMap(({ from, to }) => this.#options!.layers.slice(from, to))
      .reduce((sum, { operations }) => sum + operations, 0);
  }
}
