// Who keeps which layer after which step, as the master knows it. The bits of a layer after so many
// steps are the same whoever computed them, so any holder is as good as any other, whenever it came by
// its copy: before or after a re-forming, or in an earlier session of the same run.

import type { NodeId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';

type Holders = Map<number, Set<NodeId>>;

export class Holdings {
  /** The layers that a step needs to be gone back to. */
  readonly #layers: readonly number[];
  readonly #steps = new Map<number, Holders>();
  #from = 0;

  constructor(layers: readonly number[]) {
    this.#layers = layers;
  }

  /** `node` keeps `layer` as it is after `step` steps. */
  add(node: NodeId, step: number, layer: number): void {
    if (step < this.#from) return;
    const holders: Holders = this.#steps.get(step) ?? new Map<number, Set<NodeId>>();
    holders.set(layer, (holders.get(layer) ?? new Set()).add(node));
    this.#steps.set(step, holders);
  }

  /** What a device says that it keeps. */
  addAll(node: NodeId, holds: MessageOf<'join'>['holds'] = []): void {
    for (const { step, layers } of holds) for (const layer of layers) this.add(node, step, layer);
  }

  /** It does not, as turns out. */
  strike(node: NodeId, step: number, layer: number): void {
    this.#steps.get(step)?.get(layer)?.delete(node);
  }

  /** The node is gone, and all it keeps with it. */
  forget(node: NodeId): void {
    for (const holders of this.#steps.values())
      for (const nodes of holders.values()) nodes.delete(node);
  }

  /** Nobody keeps steps before this one any more. */
  dropBefore(step: number): void {
    this.#from = step;
    for (const each of this.#steps.keys()) if (each < step) this.#steps.delete(each);
  }

  /** Everyone goes back to this step: copies of what follows it will be made again. */
  goBackTo(step: number): void {
    this.#from = Math.min(this.#from, step);
  }

  /** How many nodes keep the layer. */
  count(step: number, layer: number): number {
    return this.#steps.get(step)?.get(layer)?.size ?? 0;
  }

  has(node: NodeId, step: number, layer: number): boolean {
    return this.#steps.get(step)?.get(layer)?.has(node) ?? false;
  }

  /** Whom to have the layer from: the first of `preferred` who keeps it, else anybody. */
  sourceOf(step: number, layer: number, preferred: readonly NodeId[]): NodeId | undefined {
    const nodes = this.#steps.get(step)?.get(layer);
    if (!nodes) return undefined;
    const [anybody] = nodes;
    return preferred.find((node) => nodes.has(node)) ?? anybody;
  }

  /** Whether every layer is kept by somebody. */
  isWhole(step: number): boolean {
    return this.#layers.every((layer) => this.count(step, layer) > 0);
  }

  /** The last step, not after `limit`, that can be gone back to. */
  newest(limit: number): number | undefined {
    const steps = [...this.#steps.keys()].filter((step) => step <= limit);
    return steps.sort((a, b) => b - a).find((step) => this.isWhole(step));
  }
}
