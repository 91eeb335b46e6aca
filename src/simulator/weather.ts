// What is wrong with the network and the devices at a time: what gets through between two devices, and
// how fast. Every disturbance passes by itself.

import type { Device } from './device.ts';
import type { LinkCost } from './simulation.ts';

type Concerns = (a: string, b: string) => boolean;

export interface Disturbance {
  readonly concerns: Concerns;
  readonly kind: 'blocked' | 'slow' | 'delayed';
  readonly amount: number;
}

export const between =
  ([one, other]: readonly [string, string]): Concerns =>
  (a, b) =>
    (a === one && b === other) || (a === other && b === one);

export class Weather {
  readonly #all = new Set<Disturbance>();

  /** Call what is given back to end it. */
  begin(disturbance: Disturbance): () => void {
    this.#all.add(disturbance);
    return () => this.#all.delete(disturbance);
  }

  isBlocked(a: Device, b: Device): boolean {
    if (a.isPaused || b.isPaused || a.isOff || b.isOff) return true;
    return this.#amounts('blocked', a.id, b.id).length > 0;
  }

  /** By how much longer a message takes. */
  delay(a: Device, b: Device): number {
    return this.#amounts('delayed', a.id, b.id).reduce((sum, amount) => sum + amount, 0);
  }

  slowed(cost: LinkCost, a: string, b: string): LinkCost {
    if (this.#all.size === 0) return cost;
    const times = this.#amounts('slow', a, b).reduce((product, amount) => product * amount, 1);
    return { ...cost, bytesPerSecond: cost.bytesPerSecond / times };
  }

  #amounts(kind: Disturbance['kind'], a: string, b: string): readonly number[] {
    if (this.#all.size === 0) return none;
    return [...this.#all].flatMap((each) =>
      each.kind === kind && each.concerns(a, b) ? [each.amount] : [],
    );
  }
}

const none: readonly number[] = [];
