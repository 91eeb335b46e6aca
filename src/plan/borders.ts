// The search behind the cut: an exact dynamic programme for the linear partition problem on a ring
// that closes on its first device. Blocks 0..count-1 go, in order, to the master's opening stage, to
// each worker, and to the master's closing stage, so that the largest value of any device is least.
// The master holds two stages; so the programme over the workers' borders (as in PipeDream,
// Narayanan et al. 2019) runs once for every place at which the opening may end.

export interface BorderSearch {
  readonly blocks: number;
  readonly workers: number;
  /** Blocks that the closing stage holds at least: 1, or 0 (then exactly none). */
  readonly closingBlocks: 0 | 1;
  /** What worker 1, 2, … with blocks [from, to) would be charged; Infinity where it cannot. */
  worker(worker: number, from: number, to: number): number;
  /** What the master with blocks [0, opening) and [closing, blocks) would be charged. */
  master(opening: number, closing: number): number;
}

/**
 * The borders that charge the most charged device least: opening | worker 1 | … | closing, or undefined
 * when there are none that everybody can hold. Of equals the first, in order of borders.
 */
export function searchBorders(search: BorderSearch): readonly number[] | undefined {
  const { blocks, workers, closingBlocks } = search;
  let least = Infinity;
  let borders: readonly number[] | undefined;

  for (let opening = 1; opening <= blocks - workers - closingBlocks; opening++) {
    const first = closingBlocks === 0 ? blocks : opening + workers;
    // Whatever the workers would hold, the master alone would be charged as much as the best so far.
    if (leastOfMaster(opening, first) >= least) continue;
    // charge[k]: least for the workers so far when the last of them ends before block k.
    let charge = new Float64Array(blocks + 1).fill(Infinity);
    charge[opening] = 0;
    const begins: Int32Array[] = [];
    for (let worker = 1; worker <= workers; worker++) {
      const extended = new Float64Array(blocks + 1).fill(Infinity);
      const begin = new Int32Array(blocks + 1);
      const end = blocks - closingBlocks - (workers - worker);
      for (let from = opening + worker - 1; from < end; from++) {
        if (charge[from]! >= least) continue;
        for (let to = from + 1; to <= end; to++) {
          const largest = Math.max(charge[from]!, search.worker(worker, from, to));
          if (largest >= extended[to]!) continue;
          extended[to] = largest;
          begin[to] = from;
        }
      }
      charge = extended;
      begins.push(begin);
    }
    for (let closing = first; closing <= blocks - closingBlocks; closing++) {
      const largest = Math.max(charge[closing]!, search.master(opening, closing));
      if (largest >= least) continue;
      least = largest;
      borders = trace(begins, closing);
    }
  }
  return borders;

  function leastOfMaster(opening: number, first: number): number {
    let charge = Infinity;
    for (let closing = first; closing <= blocks - closingBlocks; closing++)
      charge = Math.min(charge, search.master(opening, closing));
    return charge;
  }
}

/** The borders that led to `closing`, from the workers' beginnings. */
function trace(begins: readonly Int32Array[], closing: number): readonly number[] {
  const borders = [closing];
  for (const begin of begins.toReversed()) borders.unshift(begin[borders[0]!]!);
  return borders;
}
