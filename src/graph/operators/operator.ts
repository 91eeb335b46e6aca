// What is known about an operator without running it. The operators' semantics are ONNX's where ONNX
// has them; each family's file says what it adds. Shapes are row-major, values float32 unless said.

import { RingError } from '../../errors.ts';
import type { AttributeRules } from '../attributes.ts';
import type { Attributes, ElementType, Shape, TensorType } from '../graph.ts';
import { byteLength, elementCount } from '../graph.ts';

/** One application, its types known: what inference and cost look at. Absent inputs are undefined. */
export interface Application {
  readonly op: string;
  readonly inputs: readonly (TensorType | undefined)[];
  readonly attributes: Attributes;
}

export interface Cost {
  /** Floating-point operations; a product's multiply and add count as two, a transcendental as several. */
  readonly flops: number;
  /** Bytes read and written if nothing stayed in a cache. */
  readonly bytes: number;
}

export interface Operator {
  /** The fewest and the most inputs; the optional ones come last or are ''. */
  readonly arity: readonly [fewest: number, most: number];
  readonly attributes: AttributeRules;
  /** The types of the outputs. Errors: GRAPH for inputs that do not fit. */
  readonly infer: (application: Application) => readonly TensorType[];
  readonly cost: (application: Application, outputs: readonly TensorType[]) => Cost;
  /** For each output the inputs whose memory it may take, if their type is the output's. */
  readonly inPlace: readonly (readonly number[])[];
}

export const float32 = (shape: Shape): TensorType => ({ type: 'float32', shape });
export const int32 = (shape: Shape): TensorType => ({ type: 'int32', shape });

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

export const sameType = (a: TensorType, b: TensorType): boolean =>
  a.type === b.type && sameShape(a.shape, b.shape);

const show = (type: TensorType | undefined): string =>
  type === undefined ? 'absent' : `${type.type} [${type.shape.join(', ')}]`;

/** The error of an application that does not fit. */
export function misfit({ op, inputs }: Application, expected: string): RingError {
  return new RingError('GRAPH', `${op} of (${inputs.map(show).join('; ')}): expected ${expected}`);
}

/** Input `index`, which must be present and of the element type and, where given, rank. */
export function operand(
  application: Application,
  index: number,
  rank?: number,
  type: ElementType = 'float32',
): TensorType {
  const input = application.inputs[index];
  const fits = input?.type === type && (rank === undefined || input.shape.length === rank);
  if (!input || !fits) {
    const ranked = rank === undefined ? '' : ` of rank ${rank}`;
    throw misfit(application, `input ${index} to be ${type}${ranked}`);
  }
  return input;
}

/** Fails unless input `index` is float32 of exactly `shape`. */
export function operandOfShape(application: Application, index: number, shape: Shape): void {
  if (!sameShape(operand(application, index).shape, shape)) {
    throw misfit(application, `input ${index} to be float32 [${shape.join(', ')}]`);
  }
}

/** The shape both broadcast to by ONNX's (NumPy's) rule, or undefined where they do not. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const sizes = (shape: Shape) => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const other = sizes(b);
  const joint = sizes(a).map((size, axis) => (size === 1 ? (other[axis] ?? 1) : size));
  return joint.every((size, axis) => other[axis] === 1 || other[axis] === size) ? joint : undefined;
}

/** Bytes of all inputs and outputs. */
export const bytesOf = (application: Application, outputs: readonly TensorType[]): number =>
  [...application.inputs, ...outputs].reduce((sum, type) => sum + (type ? byteLength(type) : 0), 0);

/** A cost of `flops` for each element of the first input or output, whichever has more. */
export const perElement =
  (flops: number): Operator['cost'] =>
  (application, outputs) => {
    const count = (type: TensorType | undefined) => (type ? elementCount(type.shape) : 0);
    const elements = Math.max(count(application.inputs[0]), count(outputs[0]));
    return { flops: flops * elements, bytes: bytesOf(application, outputs) };
  };
