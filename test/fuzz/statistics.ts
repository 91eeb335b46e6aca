// How often each kind of fault was met and each way of recovering was gone: a fuzzer that never gets
// somewhere proves nothing about it.

import { masterId } from '../../src/node.ts';
import type { Effect, Event, NodeId } from '../../src/node.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import type { Outcome } from './oracle.ts';

/** What must have been seen. */
const names = [
  'crash',
  'crash, disk lost',
  'crash, silent',
  'crash, comes back',
  'master crash',
  'start',
  'damage',
  'pause',
  'linkDown',
  'partition',
  'slowDevice',
  'slowLink',
  'delay',
  'cut',
  'duplicate',
  'event',
  'fault during recovery',
  'two faults at once',
  'lost',
  'formed anew: lost',
  'formed anew: joined',
  'formed anew: slow',
  'back to copies',
  'back to the checkpoint',
  'back to the seed',
  'without a worker',
  'layer from its own copy',
  'layer from another',
  'copy turned out damaged',
  'copies brought back',
  'steps replayed',
  'survived',
  'refused',
  'stopped',
] as const;

type Name = (typeof names)[number] | 'waiting' | 'failed' | 'runs';

export class Statistics {
  readonly counts = new Map<Name, number>(names.map((name) => [name, 0]));
  #isRecovering = false;
  #eventsSinceFault = Infinity;
  /** What the ring was last brought back from. */
  #source: 'copies' | 'checkpoint' | undefined;

  #count(name: Name, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  injected(fault: Fault): void {
    if (this.#isRecovering) this.#count('fault during recovery');
    if (this.#eventsSinceFault < 100) this.#count('two faults at once');
    this.#eventsSinceFault = 0;
    if (fault.kind !== 'crash') return this.#count(fault.kind);
    if (fault.device === masterId) return this.#count('master crash');
    this.#count('crash');
    if (fault.disk) this.#count('crash, disk lost');
    if (fault.silent) this.#count('crash, silent');
    if (fault.back !== undefined) this.#count('crash, comes back');
  }

  told(device: NodeId, event: Event, effects: readonly Effect[]): void {
    this.#eventsSinceFault += 1;
    if (device !== masterId) return;
    if (event.type === 'message' && event.message.type === 'join' && event.message.holds)
      this.#count('copies brought back');
    const isAbsent =
      (event.type === 'message' && event.message.type === 'absent') ||
      (event.type === 'recalled' && !event.payload);
    if (isAbsent) this.#count('copy turned out damaged');
    for (const effect of effects) this.#effect(effect);
  }

  #effect(effect: Effect): void {
    if (effect.type === 'fetch') this.#source = 'checkpoint';
    if (effect.type === 'recall') this.#source = 'copies';
    if (effect.type === 'send') {
      const { type } = effect.message;
      if (type === 'restore') this.#count('layer from its own copy');
      if (type === 'recall') this.#count('layer from another');
      if (type === 'restore' || type === 'recall') this.#source = 'copies';
    }
    if (effect.type !== 'report') return;
    const { report } = effect;
    if (report.kind === 'lost') {
      this.#count('lost');
      this.#isRecovering = true;
      this.#source = undefined;
    } else if (report.kind === 'replayed') this.#count('steps replayed');
    else if (report.kind === 'reformed') {
      this.#isRecovering = false;
      this.#count(`formed anew: ${report.cause}`);
      if (report.nodes.length === 1) this.#count('without a worker');
      if (report.step === 0) this.#count('back to the seed');
      else this.#count(this.#source === 'checkpoint' ? 'back to the checkpoint' : 'back to copies');
    }
  }

  judged(outcome: Outcome): void {
    this.#count('runs');
    this.#count(outcome);
  }

  add(other: Statistics): void {
    for (const [name, count] of other.counts) this.#count(name, count);
  }

  /** What was never seen. */
  get missing(): readonly string[] {
    return names.filter((name) => this.counts.get(name) === 0);
  }

  toString(): string {
    return [...this.counts]
      .map(([name, count]) => `${String(count).padStart(8)}  ${name}`)
      .join('\n');
  }
}
