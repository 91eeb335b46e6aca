// What is reduced together: the gradient of a block in buckets, so that its first part is under way
// while the rest is not yet, and each bucket in as many chunks as there are nodes. Blocks that have
// little wait for the next one below.

import type { Block, Slice } from '../node.ts';

/** Some elements of a block's gradient, wherever they lie. */
export type Chunk = readonly Slice[];

export interface Bucket {
  /** Whose gradients it has part of: neighbours, from the last to the first, as they are completed. */
  readonly blocks: readonly number[];
  /** One for each node; some may hold nothing. */
  readonly chunks: readonly Chunk[];
}

/** Small enough to begin early, large enough that a message is no burden (as DDP's buckets: Li et al. 2020). */
const largestBytes = 1 << 20;
/** Less is not worth a message of its own. */
const leastBytes = 1 << 14;
/** Chunks begin at multiples of so many elements of the block: a cache line. */
const alignment = 16;

/** The buckets of all blocks, in the order in which they are completed; every node comes to the same. */
export function bucketsOf(
  blocks: readonly Block[],
  nodes: number,
  bucketBytes = largestBytes,
): readonly Bucket[] {
  return grouped(blocks).flatMap((group) => {
    const parameters = group.flatMap((block) => blocks[block]!.parameters);
    const elements = elementsOf(parameters);
    const buckets = Math.ceil((4 * elements) / bucketBytes);
    return borders(0, elements, buckets).map(([from, to]) => ({
      blocks: group,
      chunks: borders(from, to, nodes).map((range) => slicesOf(parameters, range)),
    }));
  });
}

/** The blocks from the last to the first, those that have little together with the next. */
function grouped(blocks: readonly Block[]): number[][] {
  const groups: number[][] = [];
  let bytes = leastBytes;
  for (const [block, { parameters }] of [...blocks.entries()].toReversed()) {
    if (bytes >= leastBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(block);
    bytes += 4 * elementsOf(parameters);
  }
  return groups;
}

const elementsOf = (parameters: Block['parameters']): number =>
  parameters.reduce((sum, { count }) => sum + count, 0);

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
