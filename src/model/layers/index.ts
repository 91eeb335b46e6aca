// The layers there are. A new one is a file beside this and a line in the list.

import { z } from 'zod';
import { RingError } from '../../errors.ts';
import { averagePool2d } from './average-pool-2d.ts';
import { conv2d } from './conv2d.ts';
import { dense } from './dense.ts';
import { dropout } from './dropout.ts';
import { elu } from './elu.ts';
import { flatten } from './flatten.ts';
import { gelu } from './gelu.ts';
import { globalAveragePool } from './global-average-pool.ts';
import { kindOf } from './layer.ts';
import type { LayerDefinition } from './layer.ts';
import { leakyRelu } from './leaky-relu.ts';
import { maxPool2d } from './max-pool-2d.ts';
import { relu } from './relu.ts';
import { sigmoid } from './sigmoid.ts';
import { silu } from './silu.ts';
import { softmax } from './softmax.ts';
import { tanh } from './tanh.ts';

const definitions = [
  dense,
  conv2d,
  maxPool2d,
  averagePool2d,
  globalAveragePool,
  flatten,
  dropout,
  relu,
  leakyRelu,
  elu,
  gelu,
  silu,
  tanh,
  sigmoid,
  softmax,
] as const;

type Schemas<List extends readonly LayerDefinition[]> = {
  [Index in keyof List]: List[Index]['options'];
};

/** One layer of a training file. */
export const layerSchema = z.discriminatedUnion(
  'layer',
  definitions.map(({ options }) => options) as unknown as Schemas<typeof definitions>,
);

/** A layer as a training file gives it, with its defaults filled in. */
export type LayerOptions = z.output<typeof layerSchema>;

const byKind = new Map<string, LayerDefinition>(
  definitions.map((definition) => [kindOf(definition), definition]),
);

/** The definition of a layer that the schema has accepted. */
export function layerDefinition(kind: string): LayerDefinition {
  const definition = byKind.get(kind);
  if (!definition) throw new RingError('MODEL', `there is no layer '${kind}'`);
  return definition;
}
