// How far workers may drift apart (Ho et al. 2013): not at all, without bound, or so many steps.

import { RingError } from '../errors.ts';

/**
 * `bsp`: a key is updated once a step, by the sum over all workers. `ssp`: every push is an update at
 * once, and no worker is more than `bound` steps ahead of the slowest; without a bound: `async`.
 */
export type Consistency =
  | { readonly kind: 'bsp' }
  | { readonly kind: 'async' }
  | { readonly kind: 'ssp'; readonly bound: number };

/** Reads `bsp`, `async` or `ssp:S`; ssp:0 is bsp. Errors: USAGE. */
export function parseConsistency(text: string): Consistency {
  if (text === 'bsp' || text === 'ssp:0') return { kind: 'bsp' };
  if (text === 'async') return { kind: 'async' };
  const [, bound] = /^ssp:(\d{1,6})$/.exec(text) ?? [];
  if (bound !== undefined) return { kind: 'ssp', bound: Number(bound) };
  throw new RingError(
    'USAGE',
    `'${text}' is no consistency: give bsp, async, or ssp:S with S the steps that a worker may be ahead, such as ssp:2`,
  );
}

/** Errors: USAGE when gradients are to be clipped by a norm that nobody ever knows. */
export function requireNoClipping(consistency: Consistency, clipNorm: number | undefined): void {
  if (clipNorm === undefined || consistency.kind === 'bsp') return;
  throw new RingError(
    'USAGE',
    'clipNorm needs the gradients of a whole step, which async and ssp never have together: use bsp, or train without clipNorm',
  );
}
