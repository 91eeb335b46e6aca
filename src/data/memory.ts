// Datasets without a file: one that lies in memory (for tests and for programs that bring their own
// data), and one that shows some samples of another.

import { elementCount, type TensorType } from '../graph/graph.ts';
import type { Dataset, Samples } from '../ports.ts';

export interface MemoryDatasetOptions {
  readonly inputShape: readonly number[];
  /** [count, ...inputShape] */
  readonly inputs: Float32Array;
  readonly target?: TensorType;
  /** [count, ...target.shape] */
  readonly targets?: Float32Array | Int32Array;
  readonly classes?: readonly string[];
}

/** A dataset over arrays that the caller holds. */
export function memoryDataset(options: MemoryDatasetOptions): Dataset {
  const { inputShape, inputs, target, targets, classes } = options;
  const inputSize = elementCount(inputShape);
  return {
    count: inputs.length / inputSize,
    inputShape,
    ...(target && { target }),
    ...(classes && { classes }),
    read: (indices) =>
      Promise.resolve({
        inputs: gatherRows(inputs, inputSize, indices),
        ...(target &&
          targets && {
            targets: gatherRows(targets, elementCount(target.shape), indices),
          }),
      } satisfies Samples),
    close: () => Promise.resolve(),
  };
}

/** The samples of `dataset` at `indices`, as a dataset of its own. Closing it leaves `dataset` open. */
export function subset(dataset: Dataset, indices: Uint32Array): Dataset {
  const { inputShape, target, classes } = dataset;
  return {
    count: indices.length,
    inputShape,
    ...(target && { target }),
    ...(classes && { classes }),
    read: (wanted) =>
      dataset.read(Uint32Array.from(wanted, (position) => indices[position] as number)),
    close: () => Promise.resolve(),
  };
}

function gatherRows<T extends Float32Array | Int32Array>(
  from: T,
  rowSize: number,
  indices: ArrayLike<number>,
): T {
  const ArrayType = from.constructor as new (length: number) => T;
  const rows = new ArrayType(indices.length * rowSize);
  for (let row = 0; row < indices.length; row++) {
    const start = (indices[row] as number) * rowSize;
    rows.set(from.subarray(start, start + rowSize), row * rowSize);
  }
  return rows;
}
