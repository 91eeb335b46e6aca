// A key under async and ssp: every push is an update, in the order of arrival. The worker is answered
// with the parameters as they are then, but under ssp only when it is not too far ahead of the slowest.

import type { NodeId, Payload } from '../node.ts';
import { shared } from '../protocol/payload.ts';
import type { Answer, Ledger, LedgerContext } from './ledger.ts';

interface Push {
  readonly from: NodeId;
  readonly step: number;
  readonly payload: Payload;
}

export class AsynchronousLedger implements Ledger {
  readonly #key: number;
  readonly #context: LedgerContext;
  /** How many steps a worker may be ahead of the slowest. */
  readonly #bound: number;
  readonly #queue: Push[] = [];
  #applying: Push | undefined;
  /** How many steps each worker has pushed, and how many updates its parameters have had. */
  readonly #clocks = new Map<NodeId, number>();
  readonly #pulled = new Map<NodeId, number>();
  /** Who is too far ahead to be answered, with the staleness of its push. */
  readonly #withheld = new Map<NodeId, number>();
  /** Values that are being read, in order: for whom, after how many updates. */
  readonly #reading: { readonly answers: readonly Answer[]; readonly updates: number }[] = [];
  updates: number;

  constructor(key: number, context: LedgerContext, bound: number, updates = 0) {
    this.updates = updates;
    this.#key = key;
    this.#context = context;
    this.#bound = bound;
  }

  push(from: NodeId, step: number, payload: Payload): void {
    this.#queue.push({ from, step, payload });
    this.advance();
  }

  pull(node: NodeId): void {
    this.#read([{ node }]);
  }

  advance(): void {
    this.#release();
    const scalars = this.#context.scalars(this.updates);
    if (this.#applying || !scalars) return;
    this.#applying = this.#queue.shift();
    if (!this.#applying) return;
    const { compute } = this.#context;
    const key = this.#key;
    compute({ kind: 'gather', key, isFirst: true, payload: this.#applying.payload });
    compute({ kind: 'apply', key, scalars });
  }

  applied(value: Payload): void {
    const { from: node, step } = this.#applying!;
    this.#applying = undefined;
    const staleness = this.updates - (this.#pulled.get(node) ?? 0);
    this.updates += 1;
    this.#clocks.set(node, step + 1);
    if (this.#mayGoOn(node)) this.#answer({ node, staleness }, this.updates, value);
    else {
      this.#withheld.set(node, staleness);
      value.release?.();
    }
    this.advance();
  }

  valued(value: Payload): void {
    const { answers, updates } = this.#reading.shift()!;
    for (const [index, each] of shared(value, answers.length).entries())
      this.#answer(answers[index]!, updates, each);
  }

  #answer(to: Answer, updates: number, value: Payload): void {
    if (this.#context.crew.isDropped(to.node)) return value.release?.();
    this.#pulled.set(to.node, updates);
    this.#context.answer(this.#key, to, updates, value);
  }

  #mayGoOn(node: NodeId): boolean {
    if (this.#bound === Infinity) return true;
    let slowest = Infinity;
    for (const [other, first] of this.#context.crew.present)
      slowest = Math.min(slowest, this.#clocks.get(other) ?? first);
    return this.#clocks.get(node)! - slowest <= this.#bound;
  }

  /** Answers whom the others have caught up with. */
  #release(): void {
    const answers: Answer[] = [];
    for (const [node, staleness] of this.#withheld)
      if (this.#mayGoOn(node)) answers.push({ node, staleness });
    for (const { node } of answers) this.#withheld.delete(node);
    if (answers.length > 0) this.#read(answers);
  }

  #read(answers: readonly Answer[]): void {
    // An update that is under way is given to the engine before this.
    const updates = this.updates + (this.#applying ? 1 : 0);
    this.#reading.push({ answers, updates });
    this.#context.compute({ kind: 'value', key: this.#key });
  }
}
