// Keeps the order of works: each is given to the engine when the one before it has been, however long
// that had to wait for its data.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Gives in turn; a failure is its own caller's, and holds nobody up. */
  take<Value>(give: () => Promise<Value>): Promise<Value> {
    const given = this.#last.then(give);
    this.#last = given.catch(() => undefined);
    return given;
  }
}
