// A key under bsp: one update a step, when all of the step's crew have pushed, by their gradients' sum
// in the order of the crew, whoever was first. So a run gives the same bits again.

import type { NodeId, Payload } from '../node.ts';
import { shared } from '../protocol/payload.ts';
import type { Ledger, LedgerContext } from './ledger.ts';

export class SynchronousLedger implements Ledger {
  readonly #key: number;
  readonly #context: LedgerContext;
  /** Clipping needs the norms of all keys before any is updated. */
  readonly #clips: boolean;
  /** Gradients that have come and are not in the sum, by step and worker. */
  readonly #waiting = new Map<number, Map<NodeId, Payload>>();
  /** How many of the step's crew are in the sum or will never be; how many are in it. */
  #place = 0;
  #summed = 0;
  #asked: 'nothing' | 'measure' | 'apply' = 'nothing';
  #valuesAsked = 0;
  #pulls: { readonly node: NodeId; readonly updates: number }[] = [];
  updates: number;

  constructor(key: number, context: LedgerContext, clips: boolean, updates = 0) {
    this.updates = updates;
    this.#key = key;
    this.#context = context;
    this.#clips = clips;
  }

  push(from: NodeId, step: number, payload: Payload): void {
    const gradients = this.#waiting.get(step) ?? new Map<NodeId, Payload>();
    this.#waiting.set(step, gradients.set(from, payload));
    this.advance();
  }

  pull(node: NodeId, updates: number): void {
    this.#pulls.push({ node, updates });
    this.advance();
  }

  advance(): void {
    this.#answerPulls();
    if (this.#asked === 'apply' || !this.#gather()) return;
    const { compute, scalars } = this.#context;
    const key = this.#key;
    if (this.#clips && this.#asked === 'nothing') {
      this.#asked = 'measure';
      compute({ kind: 'measure', key });
    }
    const numbers = scalars(this.updates);
    if (!numbers) return;
    this.#asked = 'apply';
    compute({ kind: 'apply', key, scalars: numbers });
  }

  /** Adds up what may be added; says whether the sum is complete. */
  #gather(): boolean {
    const { crew, compute } = this.#context;
    const workers = crew.of(this.updates);
    if (!workers) return false;
    const gradients = this.#waiting.get(this.updates);
    while (this.#place < workers.length) {
      const worker = workers[this.#place]!;
      const payload = gradients?.get(worker);
      if (payload) {
        compute({ kind: 'gather', key: this.#key, isFirst: this.#summed === 0, payload });
        this.#summed += 1;
        gradients!.delete(worker);
      } else if (!crew.isDropped(worker)) return false;
      this.#place += 1;
    }
    return this.#summed > 0;
  }

  applied(value: Payload): void {
    const { crew, answer } = this.#context;
    const workers = crew.of(this.updates)!;
    this.#waiting.delete(this.updates);
    this.updates += 1;
    this.#place = 0;
    this.#summed = 0;
    this.#asked = 'nothing';
    const present = workers.filter((node) => !crew.isDropped(node));
    for (const [index, each] of shared(value, present.length).entries())
      answer(this.#key, { node: present[index]!, staleness: 0 }, this.updates, each);
    this.advance();
  }

  /** Between two updates: whoever waits for this one or an earlier one. */
  #answerPulls(): void {
    if (this.#asked === 'apply') return;
    const isDue = this.#pulls.some(({ updates }) => updates <= this.updates);
    if (!isDue || this.#valuesAsked > 0) return;
    this.#valuesAsked += 1;
    this.#context.compute({ kind: 'value', key: this.#key });
  }

  valued(value: Payload): void {
    this.#valuesAsked -= 1;
    const due = this.#pulls.filter(({ updates }) => updates <= this.updates);
    this.#pulls = this.#pulls.filter(({ updates }) => updates > this.updates);
    for (const [index, each] of shared(value, due.length).entries())
      this.#context.answer(this.#key, { node: due[index]!.node }, this.updates, each);
  }
}
