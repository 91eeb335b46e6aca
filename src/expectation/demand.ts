// What a computation asks of a device, before it runs anywhere, in the few units that a device's
// constants are per. A time is then a sum of products: a linear model of kernels, as in Paleo (Qi et al.
// 2017), with bytes and calls beside operations, since small devices and small layers are bound by them.

import type { Graph } from '../graph/graph.ts';
import { applicationOf, operatorOf } from '../graph/operators.ts';

/** Matrix products and convolutions reach other speeds than the rest, so they count apart. */
export const demandUnits = [
  'productFlops',
  'convolutionFlops',
  /** Read and written by either. */
  'productBytes',
  /** Of functions, windows and the like; what is bound by memory counts by its bytes alone. */
  'functionFlops',
  /** Read and written by everything else. */
  'otherBytes',
  /** Operators that do something. */
  'operators',
  /** Times that the engine is called. */
  'runs',
] as const;

export type DemandUnit = (typeof demandUnits)[number];
export type Demand = Readonly<Record<DemandUnit, number>>;

/** A device's constants: seconds for one of each unit. */
export type DeviceSpeed = Readonly<Record<DemandUnit, number>>;

export const noDemand: Demand = {
  productFlops: 0,
  convolutionFlops: 0,
  productBytes: 0,
  functionFlops: 0,
  otherBytes: 0,
  operators: 0,
  runs: 0,
};

const products: ReadonlySet<string> = new Set(['Gemm', 'MatMul']);
const convolutions: ReadonlySet<string> = new Set([
  'Conv',
  'ConvInputGradient',
  'ConvWeightGradient',
]);

/** One or two operations for each number that is read: bound by memory. */
const streaming: ReadonlySet<string> = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Neg',
  'Scale',
  'Relu',
  'ReluGradient',
  'ReduceSum',
  'ReduceSumSquare',
  'Sgd',
  'Adam',
]);

/** Of these graphs in one run of the engine; of none, nothing. */
export function demandOf(...graphs: readonly Graph[]): Demand {
  const demand = { ...noDemand, runs: graphs.length > 0 ? 1 : 0 };
  for (const { nodes, types } of graphs)
    for (const node of nodes) {
      const outputs = node.outputs.flatMap((name) => types[name] ?? []);
      const { flops, bytes } = operatorOf(node.op).cost(applicationOf(node, types), outputs);
      const isProduct = products.has(node.op);
      const isConvolution = convolutions.has(node.op);
      if (isProduct) demand.productFlops += flops;
      else if (isConvolution) demand.convolutionFlops += flops;
      else if (!streaming.has(node.op)) demand.functionFlops += flops;
      demand[isProduct || isConvolution ? 'productBytes' : 'otherBytes'] += bytes;
      // A view of what is there is no call.
      if (bytes > 0) demand.operators += 1;
    }
  return demand;
}

export const sumOf = (demands: readonly Demand[]): Demand => {
  const sum: Record<DemandUnit, number> = { ...noDemand };
  for (const demand of demands) for (const unit of demandUnits) sum[unit] += demand[unit];
  return sum;
};

export const scaledBy = (factor: number, demand: Demand): Demand => {
  const scaled: Record<DemandUnit, number> = { ...demand };
  for (const unit of demandUnits) scaled[unit] *= factor;
  return scaled;
};

export const secondsOf = (speed: DeviceSpeed, demand: Demand): number =>
  demandUnits.reduce((seconds, unit) => seconds + speed[unit] * demand[unit], 0);
