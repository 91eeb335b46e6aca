// Small random trainings: of three to six layers with parameters, dense or convolutional, with dropout,
// either optimizer, and batches that do not come out even.

import type { Dataset } from '../../src/ports.ts';
import { samplesOf } from '../ring/samples.ts';
import { Draw } from './draw.ts';

export interface Model {
  readonly training: object;
  readonly train: Dataset;
  readonly test?: Dataset;
  /** How many nodes it has layers for. */
  readonly mostNodes: number;
}

/** How many there are: few enough that each is trained once without faults and then known. */
export const models = 24;

const activations = ['relu', 'tanh', 'gelu', 'sigmoid'];

function layersOf(draw: Draw, hidden: number, classes: number, isImage: boolean): object[] {
  const layers: object[] = [];
  const inBetween = (): void => {
    if (draw.chance(0.8)) layers.push({ layer: draw.one(activations) });
    if (draw.chance(0.3)) layers.push({ layer: 'dropout', ratio: 0.3 });
  };
  const convolutions = isImage ? draw.integer(1, Math.min(2, hidden)) : 0;
  for (let k = 0; k < hidden; k += 1) {
    if (k < convolutions)
      layers.push({ layer: 'conv2d', filters: draw.integer(2, 3), kernel: 3, padding: 1 });
    else {
      if (isImage && k === convolutions) layers.push({ layer: 'flatten' });
      layers.push({ layer: 'dense', units: draw.integer(3, 8) });
    }
    inBetween();
  }
  if (isImage && convolutions === hidden) layers.push({ layer: 'flatten' });
  return [...layers, { layer: 'dense', units: classes }];
}

/** The model of a number, 0 to `models` - 1. */
export function drawModel(number: number): Model {
  const draw = new Draw(1, number);
  const isImage = draw.chance(0.3);
  const classes = draw.integer(2, 4);
  const hidden = draw.integer(2, 5);
  const inputShape = isImage ? [1, 4, 4] : [draw.integer(3, 7)];
  const microbatches = draw.integer(1, 4);
  const batch = microbatches * draw.integer(1, 3);
  const count = batch * draw.integer(2, 4) - draw.integer(0, batch - 1);
  const training = {
    model: layersOf(draw, hidden, classes, isImage),
    loss: 'softmaxCrossEntropy',
    optimizer: draw.chance(0.5) ? { kind: 'adam' } : { kind: 'sgd', momentum: 0.9 },
    learningRate: 0.05,
    ...(draw.chance(0.5) && { clipNorm: 0.5 }),
    batch,
    microbatches,
    steps: draw.integer(6, 18),
  };
  const train = samplesOf(count, inputShape, classes);
  const test = draw.chance(0.6) ? samplesOf(draw.integer(1, 5), inputShape, classes) : undefined;
  return { training, train, mostNodes: hidden, ...(test && { test }) };
}
