// Who is in the ring and who holds what: decided by the master when the ring forms or forms anew, and
// never in the hot path.

import { masterId } from '../node.ts';
import type { NodeId, NodeReport, Purpose, Stage } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';

/** What a device says of itself when it joins. */
export type Capabilities = Pick<
  MessageOf<'join'>,
  'name' | 'cores' | 'memoryBytes' | 'engine' | 'flops' | 'version'
>;

export interface Member extends Capabilities {
  readonly node: NodeId;
  /** Where it can be reached by its anticlockwise neighbour. */
  readonly address: string;
}

/** Cuts the layers over the members, master first: each member's stages, the master's closing stage last. */
export type Cutter = (members: readonly Member[]) => readonly (readonly Stage[])[];

/** What all workers are told alike. */
export interface Order {
  readonly training: unknown;
  readonly purpose: Purpose;
  readonly run?: string;
  /** Layers that have parameters. */
  readonly layersWithParameters: readonly number[];
}

export class Formation {
  readonly #members = new Map<NodeId, Member>();
  /** They came when the ring was formed, and are taken in when it forms anew. */
  readonly #newcomers = new Map<NodeId, Member>();
  readonly #wanted: number;
  readonly #stages = new Map<NodeId, readonly Stage[]>();
  /** By layer. */
  #holders: NodeId[] = [];
  /** Of those that are ready. */
  readonly #bytes = new Map<NodeId, number>();

  constructor(master: Capabilities, workers: number) {
    this.#members.set(masterId, { node: masterId, address: '', ...master });
    this.#wanted = workers + 1;
  }

  /** The master first, the others as they stand in the ring. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  get workers(): readonly Member[] {
    return this.members.slice(1);
  }

  get newcomers(): readonly Member[] {
    return [...this.#newcomers.values()];
  }

  /** There are as many as were asked for at the beginning. */
  get isFull(): boolean {
    return this.#members.size >= this.#wanted;
  }

  get isCut(): boolean {
    return this.#stages.size > 0;
  }

  get isReady(): boolean {
    return this.isCut && this.#bytes.size === this.#members.size;
  }

  /** Whether it is a worker of this ring. */
  has(node: NodeId): boolean {
    return node !== masterId && this.#members.has(node);
  }

  /** Into the ring; when that is formed, among the newcomers. */
  join(node: NodeId, message: MessageOf<'join'>): void {
    const { type: _, run: __, holds: ___, ...capabilities } = message;
    (this.isCut ? this.#newcomers : this.#members).set(node, { node, ...capabilities });
  }

  /** From the next cut on, members are held to be as fast as these say. */
  measured(members: readonly Member[]): void {
    for (const member of members) this.#members.set(member.node, member);
  }

  /** It went away; false when it was nobody's. */
  leave(node: NodeId): boolean {
    return node !== masterId && (this.#members.delete(node) || this.#newcomers.delete(node));
  }

  /** Cuts the layers over all who are here, newcomers last. Errors: those of the cutter. */
  cut(cutter: Cutter): void {
    for (const [node, member] of this.#newcomers) this.#members.set(node, member);
    this.#newcomers.clear();
    this.#bytes.clear();
    this.#stages.clear();
    this.#holders = [];
    const { members } = this;
    for (const [index, stages] of cutter(members).entries()) {
      const { node } = members[index]!;
      this.#stages.set(node, stages);
      for (const { from, to } of stages)
        for (let layer = from; layer < to; layer += 1) this.#holders[layer] = node;
    }
  }

  stagesOf(node: NodeId): readonly Stage[] {
    return this.#stages.get(node)!;
  }

  /** As a person knows it: `worker-2 (laptop)`. */
  nameOf(node: NodeId): string {
    const name = (this.#members.get(node) ?? this.#newcomers.get(node))?.name;
    return name === undefined || name === node ? node : `${node} (${name})`;
  }

  /** Which node holds the layer. */
  holderOf(layer: number): NodeId {
    return this.#holders[layer]!;
  }

  /** What each worker is told. */
  assignments(order: Order): readonly { node: NodeId; message: MessageOf<'assign'> }[] {
    const { training, purpose, run, layersWithParameters } = order;
    const { members } = this;
    const ring = members.map(({ node, address }) => ({ node, address }));
    const closing = this.stagesOf(masterId).at(-1)!;
    return this.workers.map(({ node }, worker) => {
      const index = worker + 1;
      const [stage] = this.stagesOf(node);
      const next = members[index + 1];
      const clockwiseWindow = (next ? this.stagesOf(next.node)[0]! : closing).window;
      const { from, to, window } = stage!;
      const place = { node, ring, index, from, to, window, clockwiseWindow };
      const layers = layersWithParameters.filter((layer) => from <= layer && layer < to);
      const kept = run === undefined ? undefined : { run, layers };
      return { node, message: { type: 'assign', ...place, training, purpose, ...kept } };
    });
  }

  ready(node: NodeId, bytes: number): void {
    this.#bytes.set(node, bytes);
  }

  report(): readonly NodeReport[] {
    return this.members.map(({ node, name, engine, cores, flops }) => ({
      node,
      name,
      engine: engine.name,
      cores,
      flops,
      stages: this.stagesOf(node),
      bytes: this.#bytes.get(node) ?? 0,
    }));
  }
}
