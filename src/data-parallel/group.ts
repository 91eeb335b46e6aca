// Who trains together, and whether everyone is ready: the master's part before the first step, and
// before the next one when the group has changed.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { NodeId, NodeReport } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';

/** What a device says of itself when it joins. */
export type Capabilities = Omit<MessageOf<'join'>, 'type' | 'address'>;

export interface Member extends Capabilities {
  readonly node: NodeId;
  /** Where others can reach it. */
  readonly address: string;
}

export class Group {
  /** In order of joining, the master first. */
  readonly members: Member[];
  #wanted: number;
  readonly #bytes = new Map<NodeId, number>();
  readonly #ready = new Set<NodeId>();

  /** `size` counts the master. */
  constructor(master: Capabilities, size: number) {
    this.members = [{ node: masterId, address: '', ...master }];
    this.#wanted = size;
  }

  get isFull(): boolean {
    return this.members.length >= this.#wanted;
  }

  get isReady(): boolean {
    return this.isFull && this.members.every(({ node }) => this.#ready.has(node));
  }

  get others(): readonly Member[] {
    return this.members.slice(1);
  }

  has(node: NodeId): boolean {
    return this.members.some((member) => member.node === node);
  }

  /** Errors: PROTOCOL when there are enough already. */
  join(node: NodeId, message: MessageOf<'join'>): void {
    if (this.isFull)
      throw new RingError('PROTOCOL', `there are ${this.#wanted} nodes already: start another run`);
    const { type: _, ...member } = message;
    this.members.push({ node, ...member });
  }

  /** One more than was waited for, in the midst of the run. */
  admit(node: NodeId, message: MessageOf<'join'>): void {
    this.#wanted += 1;
    const { type: _, ...member } = message;
    this.members.push({ node, ...member });
  }

  /** A node went away: before all have come, another may take its place. */
  leave(node: NodeId): void {
    const place = this.members.findIndex((member) => member.node === node);
    if (place > 0) this.members.splice(place, 1);
  }

  /** A node is lost, and no other is waited for. */
  lose(node: NodeId): void {
    this.leave(node);
    this.#wanted -= 1;
  }

  /** Everyone has to get ready again. */
  formAnew(): void {
    this.#ready.clear();
  }

  /** A node is prepared, and its tensors take so many bytes. */
  ready(node: NodeId, bytes: number): void {
    this.#ready.add(node);
    this.#bytes.set(node, bytes);
  }

  /** As a person knows it: `worker-2 (laptop)`. */
  nameOf(node: NodeId): string {
    const name = this.members.find((member) => member.node === node)?.name;
    return name === undefined || name === node ? node : `${node} (${name})`;
  }

  /** Every node holds all `layers`. */
  report(layers: number): readonly NodeReport[] {
    return this.members.map(({ node, name, engine, cores, flops }) => ({
      node,
      name,
      engine: engine.name,
      cores,
      flops,
      stages: [{ place: 'closing', from: 0, to: layers, window: 1 }],
      bytes: this.#bytes.get(node) ?? 0,
    }));
  }
}
