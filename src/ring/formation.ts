// Who is in the ring and who holds what: the master's part before training. Membership is decided
// here and nowhere else, never in the hot path.

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

export class Formation {
  readonly members: Member[];
  readonly #wanted: number;
  #stages: readonly (readonly Stage[])[] = [];
  readonly #bytes = new Map<NodeId, number>();

  constructor(master: Capabilities, workers: number) {
    this.members = [{ node: masterId, address: '', ...master }];
    this.#wanted = workers + 1;
  }

  get isFull(): boolean {
    return this.members.length === this.#wanted;
  }

  get isCut(): boolean {
    return this.#stages.length > 0;
  }

  get isReady(): boolean {
    return this.isFull && this.#bytes.size === this.#wanted;
  }

  /** Whether it is a worker of this ring. */
  has(node: NodeId): boolean {
    return this.workers.some((member) => member.node === node);
  }

  get workers(): readonly Member[] {
    return this.members.slice(1);
  }

  join(node: NodeId, message: MessageOf<'join'>): void {
    const { type: _, ...capabilities } = message;
    this.members.push({ node, ...capabilities });
  }

  /** A worker went away before the layers were cut: another may take its place. */
  leave(node: NodeId): void {
    this.members.splice(
      this.members.findIndex((member) => member.node === node),
      1,
    );
  }

  cut(cutter: Cutter): void {
    this.#stages = cutter(this.members);
  }

  stagesOf(node: NodeId): readonly Stage[] {
    return this.#stages[this.members.findIndex((member) => member.node === node)]!;
  }

  /** As a person knows it: `worker-2 (laptop)`. */
  nameOf(node: NodeId): string {
    const name = this.members.find((member) => member.node === node)?.name;
    return name === undefined || name === node ? node : `${node} (${name})`;
  }

  /** Which node holds the layer. */
  holderOf(layer: number): NodeId {
    const index = this.#stages.findIndex((stages) =>
      stages.some(({ from, to }) => from <= layer && layer < to),
    );
    return this.members[index]!.node;
  }

  /** What each worker is told. */
  assignments(
    training: unknown,
    purpose: Purpose,
  ): readonly { node: NodeId; message: MessageOf<'assign'> }[] {
    const ring = this.members.map(({ node, address }) => ({ node, address }));
    const closing = this.stagesOf(masterId).at(-1)!;
    return this.workers.map(({ node }, worker) => {
      const index = worker + 1;
      const [stage] = this.#stages[index]!;
      const clockwiseWindow = (this.#stages[index + 1]?.[0] ?? closing).window;
      const { from, to, window } = stage!;
      const place = { node, ring, index, from, to, window, clockwiseWindow };
      return { node, message: { type: 'assign', ...place, training, purpose } };
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
