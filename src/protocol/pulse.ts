// When to say that one is there, and when to doubt that the other is. A process that is stopped, or a
// cable that is pulled, ends no connection for many minutes; so a side that has nothing to send gives a
// sign of life, and a connection on which nothing arrives for too long counts as broken. How long that
// is follows from the gaps that are usual on it (mean and deviation as in Jacobson, SIGCOMM 1988).
// Ticks are counted rather than time: a device that was asleep itself has heard nothing only because it
// did not listen.

export const ticksPerSecond = 4;

/** How long a broken session waits for another connection. */
export const graceTicks = 2.5 * ticksPerSecond;
/** An attempt to dial that has not led to one by then is given up for the next. */
export const attemptTicks = 1 * ticksPerSecond;

/** A side that has sent nothing for so long says that it is there. */
const sayAfter = 1 * ticksPerSecond;
/** A peer that was stopped for 5 s right before its sign of life was due is not doubted. */
const leastSilence = 7 * ticksPerSecond;
/** A cable that was pulled is noticed. */
const mostSilence = 9 * ticksPerSecond;

export class Pulse {
  #heardBytes: number | undefined;
  #heardAgo = 0;
  #saidAgo = 0;
  #meanGap = 1;
  #deviation = 0;

  /** Something was sent. */
  said(): void {
    this.#saidAgo = 0;
  }

  /** A new connection: its silence begins now. */
  begin(): void {
    this.#heardAgo = 0;
    this.#saidAgo = 0;
  }

  /** Ticks of silence after which the other side counts as gone. */
  get patience(): number {
    const usual = this.#meanGap + 4 * this.#deviation;
    return Math.min(mostSilence, Math.max(leastSilence, Math.ceil(usual)));
  }

  /**
   * What to do now: nothing, give a sign of life, or take the other side for gone. `heardBytes` is what has
   * arrived in all, undefined while nobody listens: bytes left unread say nothing of the other side.
   */
  tick(heardBytes: number | undefined): 'say' | 'gone' | undefined {
    this.#heardAgo += 1;
    const heard = heardBytes !== this.#heardBytes;
    if (heard && heardBytes !== undefined) this.#note(this.#heardAgo);
    if (heard || heardBytes === undefined) this.#heardAgo = 0;
    this.#heardBytes = heardBytes;
    if (this.#heardAgo >= this.patience) return 'gone';
    this.#saidAgo += 1;
    return this.#saidAgo >= sayAfter ? 'say' : undefined;
  }

  #note(gap: number): void {
    const error = gap - this.#meanGap;
    this.#meanGap += error / 8;
    this.#deviation += (Math.abs(error) - this.#deviation) / 4;
  }
}
