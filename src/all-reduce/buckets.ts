// What is reduced together: the gradient of a block in buckets, so that its first part is under way
// while the rest is not yet, and each bucket in as many chunks as there are nodes.

import type { Block, Slice } from '../node.ts';

/** Some elements of a block's gradient, wherever they lie. */
export type Chunk = readonly Slice[];

export interface Bucket {
  readonly block: number;
  /** One for each node; some may hold nothing. */
  readonly chunks: readonly Chunk[];
}

/** Small enough to begin early, large enough that a message is no burden (as DDP's buckets: Li et al. 2020). */
const largestBytes = 1 << 20;
/** Chunks begin at multiples of so many elements of the block: a cache line. */
const alignment = 16;

/** The buckets of all blocks; every node comes to the same. */
export function bucketsOf(
  blocks: readonly Block[],
  nodes: number,
  bucketBytes = largestBytes,
): readonly Bucket[] {
  return blocks.flatMap(({ parameters }, block) => {
    const elements = parameters.reduce((sum, { count }) => sum + count, 0);
    const buckets = Math.ceil((4 * elements) / bucketBytes);
    return borders(0, elements, buckets).map(([from, to]) => ({
      block,
      chunks: borders(from, to, nodes).map((range) => slicesOf(parameters, range)),
    }));
  });
}

type Range = readonly [from: number, to: number];

/** [from, to) in so many parts, as even as alignment allows. */
function borders(from: number, to: number, parts: number): Range[] {
  const border = (part: number): number =>
    part === parts ? to : from + Math.floor(((to - from) * part) / parts / alignment) * alignment;
  return Array.from({ length: parts }, (_, part) => [border(part), border(part + 1)] as const);
}

/** The slices of the parameters' gradients that elements [from, to) of them all in a row are. */
function slicesOf(parameters: Block['parameters'], [from, to]: Range): Slice[] {
  let start = 0;
  return parameters.flatMap(({ name, count }) => {
    const first = Math.max(0, from - start);
    const end = Math.min(count, to - start);
    start += count;
    return end > first ? [{ name: `d/${name}`, first, count: end - first }] : [];
  });
}
