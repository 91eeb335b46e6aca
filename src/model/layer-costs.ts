// What each layer costs per microbatch, from its graphs alone: what a cut of the model is chosen by.

import { byteLength } from '../graph/graph.ts';
import { graphCost } from '../graph/cost.ts';
import type { RingTraining } from './resolve.ts';
import { deriveStage, stageUpdate } from './stage.ts';
import type { KeptValue, NamedType } from './stage.ts';

export interface LayerCosts {
  /** Whether the layer has parameters. */
  readonly trainable: boolean;
  /** For how many microbatches at once the weight gradient is computed; what it takes waits so long. */
  readonly weightGroup: number;
  readonly forwardFlops: number;
  /** Of the gradient of the layer's input; 0 where no layer before it has parameters. */
  readonly backwardFlops: number;
  readonly weightFlops: number;
  /** Of parameters and of state without gradient. */
  readonly parameterBytes: number;
  readonly optimizerBytes: number;
  /**
   * Of what is kept for the gradients. What two layers keep alike (an activation that is the next
   * layer's input) counts for the later one: a stage may keep the outputBytes of its last layer besides.
   */
  readonly savedBytes: number;
  /** Of what the layer hands on: what a cut behind it sends, and its gradient back. */
  readonly outputBytes: number;
}

const bytesOf = (values: readonly NamedType[]): number =>
  values.reduce((sum, { type }) => sum + byteLength(type), 0);

/** Whether a value stays for long: gradients that only the backward graph takes are used up at once. */
const isSaved = ({ source, units }: KeptValue): boolean =>
  source === 'input' || source === 'forward' || (source !== 'given' && units.length > 0);

/** The costs of each layer for one full microbatch. */
export function layerCosts(training: RingTraining): LayerCosts[] {
  const { layers, rows } = training.resolved;
  const firstTrainable = layers.findIndex(({ parameters }) => parameters.length > 0);
  const counted = new Set<string>();
  const costOf = (layer: number): LayerCosts => {
    const input = firstTrainable >= 0 && firstTrainable < layer;
    const request = { from: layer, to: layer + 1, loss: false, input };
    const stage = deriveStage(training, request, rows, 'train');
    const saved = stage.kept.filter((value) => isSaved(value) && !counted.has(value.name));
    for (const { name } of saved) counted.add(name);
    return {
      trainable: stage.parameters.length > 0,
      weightGroup: layers[layer]?.weightGroup ?? 1,
      forwardFlops: graphCost(stage.forward).flops,
      backwardFlops: graphCost(stage.backward).flops,
      weightFlops: stage.weightGradients.reduce(
        (sum, unit) => sum + graphCost(unit.graph(rows).fresh).flops,
        0,
      ),
      parameterBytes: bytesOf([...stage.parameters, ...stage.state]),
      optimizerBytes: bytesOf(stageUpdate(training, stage.parameters).state),
      savedBytes: bytesOf(saved),
      outputBytes: bytesOf(stage.outputs),
    };
  };
  // From the last layer to the first, so that what is shared counts for the later one.
  return layers.map((_, index) => costOf(layers.length - 1 - index)).toReversed();
}
