// A worker's place in the ring, from the master's assignment until it has said that it is ready: who
// its neighbours are, and whether the links to them stand. The counterpart of formation.ts.

import { masterId } from '../node.ts';
import type { Effect, NodeId, Work } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';

export class Assignment {
  readonly clockwise: NodeId;
  readonly anticlockwise: NodeId;
  readonly #message: MessageOf<'assign'>;

  constructor(message: MessageOf<'assign'>) {
    const { ring, index } = message;
    this.#message = message;
    this.clockwise = ring[(index + 1) % ring.length]!.node;
    this.anticlockwise = ring[index - 1]!.node;
  }

  /** How many microbatches the clockwise neighbour can hold. */
  get clockwiseWindow(): number {
    return this.#message.clockwiseWindow;
  }

  /** Under which name copies of which layers are kept; undefined when none are. */
  get copies(): { readonly run: string; readonly layers: readonly number[] } | undefined {
    const { run, layers = [] } = this.#message;
    return run === undefined ? undefined : { run, layers };
  }

  /** The neighbours that are workers; the master's link is there from the start. */
  get workers(): readonly NodeId[] {
    return [this.clockwise, this.anticlockwise].filter((node) => node !== masterId);
  }

  /** Each worker dials its clockwise neighbour, unless a link from before is there. */
  connect(generation: number, linked: ReadonlySet<NodeId>): Effect | undefined {
    const { node: self, ring, index } = this.#message;
    if (this.clockwise === masterId || linked.has(this.clockwise)) return undefined;
    return { type: 'connect', ...ring[index + 1]!, self, generation };
  }

  prepare(): Work {
    const { from, to, window, training, purpose } = this.#message;
    return { kind: 'prepare', training, purpose, stages: [{ place: 'inner', from, to, window }] };
  }
}
