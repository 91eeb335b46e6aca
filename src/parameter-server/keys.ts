// Which shard keeps what. A parameter that is large is sliced over all shards, a small one goes whole to
// the shard that has least so far (as ps-lite does it: Li et al. 2014), so that every shard has the same
// bytes to receive and to send. What one layer has on one shard is pushed and pulled together, or in
// parts where it is much: a key.

import { elementCount } from '../graph/graph.ts';
import type { RingTraining } from '../model/training.ts';
import type { Key, NodeId, Slice } from '../node.ts';

export interface ShardedKey extends Key {
  /** The place of the layer among those with parameters. */
  readonly block: number;
  readonly shard: number;
}

/** Parameters of more elements are sliced: 16 KiB. */
const largestWhole = 4096;
/** A key has no more elements, but for small parameters beside: 1 MB, so that its update begins while the rest of a layer is on its way. */
const largestPart = 1 << 18;
/** Slices begin at multiples of so many elements: a cache line. */
const alignment = 16;

/** All keys of a training in order of their numbers, which is that of the layers and then of the shards. */
export function shardKeys({ resolved }: RingTraining, shards: number): readonly ShardedKey[] {
  const loads = Array.from({ length: shards }, () => 0);
  const perLayer = resolved.layers.map(({ parameters }, layer) => {
    const held: Slice[][] = loads.map(() => []);
    for (const { name, shape } of parameters) {
      const slices = sliced(`${layer}.${name}`, elementCount(shape), shards);
      for (const [index, slice] of slices.entries()) {
        const shard = slices.length > 1 ? index : loads.indexOf(Math.min(...loads));
        held[shard]!.push(slice);
        loads[shard]! += slice.count;
      }
    }
    return { layer, held };
  });
  return perLayer
    .filter(({ held }) => held.some((slices) => slices.length > 0))
    .flatMap(({ layer, held }, block) =>
      held.flatMap((slices, shard) =>
        parted(slices).map((part) => ({ layer, block, shard, slices: part })),
      ),
    )
    .map((key, number) => ({ key: number, ...key }));
}

/** Who has some of a layer. */
export const holdersOf = (
  layer: number,
  keys: readonly ShardedKey[],
  servers: readonly NodeId[],
): readonly NodeId[] => [
  ...new Set(keys.filter((key) => key.layer === layer).map(({ shard }) => servers[shard]!)),
];

/** What is pushed together: all, or parts of about the same size where that would be too much. */
function parted(slices: readonly Slice[]): Slice[][] {
  const parts: Slice[][] = [];
  for (const { name, first, count } of slices) {
    const pieces = Math.ceil(count / largestPart);
    const size = Math.ceil(count / pieces / alignment) * alignment;
    for (let at = 0; at < count; at += size) {
      const piece = { name, first: first + at, count: Math.min(size, count - at) };
      const last = parts.at(-1);
      const joins =
        count <= largestWhole || (last && elementsOf(last) + piece.count <= largestPart);
      if (last && joins) last.push(piece);
      else parts.push([piece]);
    }
  }
  return parts;
}

const elementsOf = (slices: readonly Slice[]): number =>
  slices.reduce((sum, { count }) => sum + count, 0);

/** One slice for each shard, as even as alignment allows; or all in one. */
function sliced(name: string, count: number, shards: number): Slice[] {
  if (shards === 1 || count <= Math.max(largestWhole, alignment * shards))
    return [{ name, first: 0, count }];
  const lines = Math.ceil(count / alignment);
  const border = (shard: number): number =>
    Math.min(count, Math.floor((shard * lines) / shards) * alignment);
  return Array.from({ length: shards }, (_, shard) => {
    const first = border(shard);
    const end = shard === shards - 1 ? count : border(shard + 1);
    return { name, first, count: end - first };
  });
}
