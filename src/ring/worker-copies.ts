// What a worker does so that the ring can go back to a step: it copies its own layers and sends the
// copies to its clockwise neighbour, keeps those of its anticlockwise neighbour, and brings back what
// the master asks for. What it keeps it keeps whatever becomes of the ring.

import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { Message, NodeId, Payload, Work } from '../node.ts';
import { OwnCopies } from './own-copies.ts';
import { Replicas } from './replicas.ts';

interface Asked {
  readonly type: 'restore' | 'recall';
  readonly step: number;
  readonly layer: number;
}

export class WorkerCopies {
  readonly #run: string;
  readonly #anticlockwise: NodeId;
  readonly #outbox: Outbox;
  readonly #works: WorkQueue;
  readonly #own: OwnCopies;
  readonly #replicas: Replicas;
  /** By the master, in order. */
  readonly #asked: Asked[] = [];

  constructor(
    { run, layers }: { readonly run: string; readonly layers: readonly number[] },
    { clockwise, anticlockwise }: { readonly clockwise: NodeId; readonly anticlockwise: NodeId },
    outbox: Outbox,
    works: WorkQueue,
  ) {
    this.#run = run;
    this.#anticlockwise = anticlockwise;
    this.#outbox = outbox;
    this.#works = works;
    this.#own = new OwnCopies(run, layers, outbox, works);
    this.#replicas = new Replicas(run, clockwise, outbox);
  }

  /** Own layers are still to be read: they may not change. */
  get isBusy(): boolean {
    return !this.#own.isDone;
  }

  /** The own layers are to be kept as they are after `step` steps. */
  begin(step: number): void {
    this.#own.begin(step);
  }

  /** Takes what a neighbour or the master says of copies; false when it is not due. */
  take(from: NodeId, message: Message): boolean {
    if (message.type === 'replica') {
      if (from !== this.#anticlockwise || from === masterId) return false;
      const { step, layer, payload } = message;
      this.#outbox.add({ type: 'keep', run: this.#run, step, layer, payload });
      return true;
    }
    if (from !== masterId) return false;
    if (message.type !== 'restore' && message.type !== 'recall') return false;
    const { type, step, layer } = message;
    this.#asked.push({ type, step, layer });
    this.#outbox.add({ type: 'recall', run: this.#run, step, layer });
    return true;
  }

  /** A layer was read; false when not for a copy. */
  read(work: Work, payload: Payload): boolean {
    return this.#own.read(work, payload);
  }

  /** A copy is kept: if it is of an own layer, the neighbour gets one as well. */
  kept(step: number, layer: number): void {
    if (this.#own.kept(step, layer)) this.#replicas.add(step, layer);
  }

  recalled(step: number, layer: number, payload?: Payload): void {
    const at = this.#asked.findIndex((asked) => asked.step === step && asked.layer === layer);
    if (at < 0) return void this.#replicas.recalled(step, layer, payload);
    const [{ type }] = this.#asked.splice(at, 1) as [Asked];
    if (!payload) this.#outbox.send(masterId, { type: 'absent', step, layer });
    else if (type === 'restore') this.#works.addUrgent({ kind: 'write', layer, payload });
    else this.#outbox.send(masterId, { type: 'parameters', layer, payload });
  }

  sent(message: Message): void {
    this.#replicas.sent(message);
  }
}
