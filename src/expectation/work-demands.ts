// What any work of a node asks of its device: the same words that a node gives its executor, answered with
// a demand instead of numbers.

import { RingError } from '../errors.ts';
import { stageNorms, stageUpdate } from '../model/stage.ts';
import type { RingTraining } from '../model/training.ts';
import type { Key, Place, Slice, Work } from '../node.ts';
import { demandOf, noDemand, sumOf } from './demand.ts';
import type { Demand } from './demand.ts';
import type { StageDemands } from './stage-demands.ts';

export type WorkDemand = (work: Work) => Demand;

/** Of a node of the ring that holds these stages. */
export function ringDemand(stages: readonly StageDemands[]): WorkDemand {
  const at = (place: Place): StageDemands => stages.find(({ stage }) => stage.place === place)!;
  const update = sumOf(stages.map((stage) => stage.update));
  return (work) => {
    switch (work.kind) {
      case 'forward':
        return at(work.place).forward(work.of.rows);
      case 'loss':
        return at('closing').loss(work.of.rows);
      case 'backward':
        return at(work.place).backward(work.of.rows);
      case 'weights':
        return at(work.place).weights(work.unit, work.rows, work.first > 0);
      case 'norms':
        return at(work.place).norms;
      case 'update':
        return update;
      case 'prepare':
      case 'read':
      case 'write':
        return noDemand;
      default:
        throw new RingError('GRAPH', `a stage does not know the work ${work.kind}`);
    }
  };
}

/** Of a replica in these blocks, and of a shard beside it. */
export function replicaDemand(training: RingTraining, blocks: readonly StageDemands[]): WorkDemand {
  const norms = sumOf(blocks.map((block) => block.norms));
  const update = sumOf(blocks.map((block) => block.update));
  const shard = shardDemand(training);
  return (work) => {
    switch (work.kind) {
      case 'forwardBlock':
        return blocks[work.block]!.forward(work.of.rows);
      case 'lossBlock':
        return blocks[work.block]!.loss(work.of.rows);
      case 'backwardBlock':
        return blocks[work.block]!.backward(work.of.rows);
      case 'weightsBlock': {
        const block = blocks[work.block]!;
        if (work.rows === 0 || block.units.length === 0) return noDemand;
        return block.weights(0, work.rows, work.first > 0);
      }
      case 'addSlices':
        return additionOf(work.slices);
      case 'replicaNorms':
        return norms;
      case 'update':
        return update;
      default:
        return shard(work);
    }
  };
}

/** Of a shard; works that only move bytes ask the engine for nothing. */
function shardDemand(training: RingTraining): WorkDemand {
  const held = new Map<
    number,
    { readonly key: Key; readonly norms: Demand; readonly update: Demand }
  >();
  const hold = (key: Key): void => {
    const parameters = key.slices.map(({ name, first, count }) => ({
      name: `${name}@${first}`,
      type: { type: 'float32' as const, shape: [count] },
      layer: key.layer,
    }));
    const update = demandOf(stageUpdate(training, parameters).graph);
    held.set(key.key, { key, norms: demandOf(stageNorms(parameters)), update });
  };
  return (work) => {
    switch (work.kind) {
      case 'hold':
        for (const key of work.keys) hold(key);
        return noDemand;
      case 'gather':
        return work.isFirst ? noDemand : additionOf(held.get(work.key)!.key.slices);
      case 'measure':
        return held.get(work.key)!.norms;
      case 'apply':
        return sumOf([held.get(work.key)!.norms, held.get(work.key)!.update]);
      default:
        return noDemand;
    }
  };
}

/** One addition for each slice, in one run. */
const additionOf = (slices: readonly Slice[]): Demand => {
  const count = slices.reduce((sum, slice) => sum + slice.count, 0);
  return {
    ...noDemand,
    otherBytes: 12 * count,
    operators: slices.length,
    runs: 1,
  };
};
