// What a layer is: its options, what it makes of its inputs, its parameters, and its forward graph.
// Nothing else: gradients, costs and cuts follow from the graph. A layer reads and writes named
// streams, of which nearly every layer uses only `x`; a skip connection is a second stream.

import { z } from 'zod';
import { RingError } from '../../errors.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Shape, TensorType } from '../../graph/graph.ts';

export type LayerSchema = z.ZodObject<{ layer: z.ZodLiteral<string> }>;

/** Something for each stream, by the stream's name. */
export type Streams<T> = Readonly<Record<string, T>>;

/** How a parameter begins: all one number, or uniform in (-bound, bound). */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly bound: number };

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: Initial;
}

/** A layer's place in the model, for its error messages. */
export interface Place {
  readonly layer: number;
  readonly kind: string;
}

export interface BuildContext<Options> {
  readonly options: Options;
  /** The value of each stream that the layer reads: the sample's type under a leading axis of rows. */
  readonly inputs: Streams<string>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly training: boolean;
  readonly layer: number;
  readonly seed: number;
  /** The graph input [step, position] that random draws count by; asking for it makes it an input. */
  readonly counter: () => string;
}

export interface BuiltLayer {
  readonly outputs: Streams<string>;
  /** The new value of each state tensor; only when training. */
  readonly state?: Readonly<Record<string, string>>;
}

/** Types here are of one sample: the axis of rows is left out. */
export interface LayerDefinition<Schema extends LayerSchema = LayerSchema> {
  /** Strict, with `layer` as its literal kind and a description on every key. */
  readonly options: Schema;
  /** The streams that the layer reads; `x` alone when not said. */
  reads?(options: z.output<Schema>): readonly string[];
  /** What the layer writes to each stream. Throws MODEL, by `misfit`, when the input does not fit. */
  outputs(
    options: z.output<Schema>,
    inputs: Streams<TensorType>,
    place: Place,
  ): Streams<TensorType>;
  parameters?(
    options: z.output<Schema>,
    inputs: Streams<TensorType>,
  ): readonly ParameterSpecification[];
  /** Tensors that are kept and changed in training but have no gradient, such as running means. */
  state?(options: z.output<Schema>, inputs: Streams<TensorType>): readonly ParameterSpecification[];
  /** Rows that one sample adds to the product of the weight gradient (1 when not said). */
  positions?(options: z.output<Schema>, outputs: Streams<TensorType>): number;
  build(builder: GraphBuilder, context: BuildContext<z.output<Schema>>): BuiltLayer;
}

/** Gives a definition its types. */
export const defineLayer = <Schema extends LayerSchema>(
  definition: LayerDefinition<Schema>,
): LayerDefinition<Schema> => definition;

/** The kind that a definition is for. */
export const kindOf = (definition: LayerDefinition): string => definition.options.shape.layer.value;

/** A RingError MODEL: where, what was given, what is expected, what to do. */
export function misfit(
  place: Place,
  given: TensorType,
  expects: string,
  advice: string,
): RingError {
  const numbers = given.type === 'int32' ? ' of whole numbers' : '';
  return new RingError(
    'MODEL',
    `layer ${place.layer} (${place.kind}) is given [${given.shape.join(', ')}]${numbers} per sample, expects ${expects}: ${advice}`,
  );
}

export const float32 = (...shape: readonly number[]): TensorType => ({ type: 'float32', shape });

/** The type of stream `name`. */
export function streamType(streams: Streams<TensorType>, name = 'x'): TensorType {
  const type = streams[name];
  if (!type) throw new RingError('GRAPH', `there is no stream '${name}'`);
  return type;
}

/** The value named `name` among inputs or parameters, which the definition has asked for. */
export function valueOf(values: Readonly<Record<string, string>>, name = 'x'): string {
  const value = values[name];
  if (value === undefined) throw new RingError('GRAPH', `there is no value for '${name}'`);
  return value;
}

/** He's uniform initialisation (He et al. 2015) for a layer that is followed by a rectifier. */
export const heUniform = (fanIn: number): Initial => ({
  kind: 'uniform',
  bound: Math.sqrt(6 / fanIn),
});

export const zeros: Initial = { kind: 'constant', value: 0 };

/** The bounds that keep a size sane, whoever sent it. */
export const size = (maximum = 2 ** 20) => z.int().min(1).max(maximum);
