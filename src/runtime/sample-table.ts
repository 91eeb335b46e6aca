// The training samples that a worker was sent, kept in memory by their numbers in the dataset.

import { RingError } from '../errors.ts';
import { elementCount } from '../graph/graph.ts';
import type { TensorType } from '../graph/graph.ts';
import type { DataFacts } from '../model/training.ts';
import type { Dataset, Samples } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { bytesOf } from './bytes.ts';

type Targets = NonNullable<Samples['targets']>;

interface Sample {
  readonly input: Float32Array;
  readonly target: Targets;
}

/** What travels: the samples' numbers, their inputs and their targets. */
export function samplesPayload(
  indices: readonly number[],
  { inputs, targets }: Samples,
  { inputShape, target }: Pick<DataFacts, 'inputShape' | 'target'>,
): TensorPayload {
  const rows = indices.length;
  const type = (of: TensorType): TensorType => ({ type: of.type, shape: [rows, ...of.shape] });
  const input: TensorType = { type: 'float32', shape: inputShape };
  return tensorPayload([
    {
      name: 'index',
      type: type({ type: 'int32', shape: [] }),
      bytes: bytesOf(Int32Array.from(indices)),
    },
    { name: 'input', type: type(input), bytes: bytesOf(inputs) },
    { name: 'target', type: type(target), bytes: bytesOf(targets!) },
  ]);
}

export class SampleTable implements Pick<Dataset, 'read'> {
  readonly #facts: DataFacts;
  readonly #samples = new Map<number, Sample>();

  constructor(facts: DataFacts) {
    this.#facts = facts;
  }

  /** Takes samples in; gives how many. Errors: PROTOCOL. */
  add({ tensors }: TensorPayload): number {
    const { inputShape, target, trainCount } = this.#facts;
    const [numbers, inputs, targets] = ['index', 'input', 'target'].map((wanted) =>
      tensors.find(({ name }) => name === wanted)?.bytes.slice(),
    );
    const rows = (numbers?.length ?? 0) / 4;
    const [width, targetWidth] = [elementCount(inputShape), elementCount(target.shape)];
    const fits =
      rows > 0 && inputs?.length === 4 * rows * width && targets?.length === 4 * rows * targetWidth;
    const indices = fits ? new Int32Array(numbers!.buffer) : undefined;
    if (!indices?.every((index) => index >= 0 && index < trainCount))
      throw new RingError('PROTOCOL', 'samples came that are not those of the training');
    const allInputs = new Float32Array(inputs!.buffer);
    const allTargets =
      target.type === 'int32' ? new Int32Array(targets!.buffer) : new Float32Array(targets!.buffer);
    for (const [row, index] of indices.entries())
      this.#samples.set(index, {
        input: allInputs.subarray(row * width, (row + 1) * width),
        target: allTargets.subarray(row * targetWidth, (row + 1) * targetWidth),
      });
    return indices.length;
  }

  /** Errors: PROTOCOL for a sample that was not sent. */
  async read(indices: ArrayLike<number>): Promise<Samples> {
    const { inputShape, target } = this.#facts;
    const [width, targetWidth] = [elementCount(inputShape), elementCount(target.shape)];
    const inputs = new Float32Array(indices.length * width);
    const Kind = target.type === 'int32' ? Int32Array : Float32Array;
    const targets = new Kind(indices.length * targetWidth);
    for (const [row, index] of Array.from(indices).entries()) {
      const sample = this.#samples.get(index);
      if (!sample)
        throw new RingError('PROTOCOL', `sample ${index} is needed here and was not sent`);
      inputs.set(sample.input, row * width);
      targets.set(sample.target, row * targetWidth);
    }
    return { inputs, targets };
  }
}
