// What is kept of a simulation: everything for pictures and tests, only what meters read, or nothing,
// where a thousand devices would fill the memory.

import type { Entry } from '../meter/timeline.ts';
import type { NodeId } from '../node.ts';
import type { Recorded, Span, Transmission } from './simulation.ts';

export class Record {
  readonly spans: Span[] = [];
  readonly transmissions: Transmission[] = [];
  readonly timelines = new Map<NodeId, Entry[]>();
  readonly #level: Recorded;

  constructor(level: Recorded) {
    this.#level = level;
  }

  get hasTimelines(): boolean {
    return this.#level !== 'nothing';
  }

  span(span: Span): void {
    if (this.#level === 'all') this.spans.push(span);
  }

  transmission(transmission: Transmission): void {
    if (this.#level === 'all') this.transmissions.push(transmission);
  }

  note(node: NodeId, entry: Entry): void {
    if (!this.hasTimelines) return;
    const timeline = this.timelines.get(node);
    if (timeline) timeline.push(entry);
    else this.timelines.set(node, [entry]);
  }
}
