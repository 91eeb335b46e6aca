// What a gradient rule is: it adds to a graph the operators that turn the gradient of a node's output
// into the gradient of one of its inputs.

import type { GraphBuilder } from '../builder.ts';
import type { Attributes, GraphNode, Shape } from '../graph.ts';

/** One node whose output's gradient is known, and the graph that is being built. */
export class Differential {
  readonly node: GraphNode;
  readonly #builder: GraphBuilder;
  /** The gradient of the node's output. */
  readonly dy: string;

  constructor(builder: GraphBuilder, node: GraphNode, dy: string) {
    this.#builder = builder;
    this.node = node;
    this.dy = dy;
  }

  /** The node's output. */
  get y(): string {
    return this.node.outputs[0] ?? '';
  }

  /** The node's input `index`. */
  x(index = 0): string {
    return this.node.inputs[index] ?? '';
  }

  shape(value: string): Shape {
    return this.#builder.type(value).shape;
  }

  apply(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#builder.apply(op, inputs, attributes);
  }

  reshape(value: string, shape: Shape): string {
    return this.apply('Reshape', [value], { shape });
  }

  /** Sums `value` over the axes along which something of `shape` was broadcast to it. */
  sumTo(value: string, shape: Shape): string {
    const from = this.shape(value);
    const added = from.length - shape.length;
    const axes = [...from.keys()].filter(
      (axis) => axis < added || (shape[axis - added] === 1 && from[axis] !== 1),
    );
    if (axes.length === 0) return value;
    const sum = this.apply('ReduceSum', [value], { axes, keepdims: 0 });
    return this.shape(sum).length === shape.length ? sum : this.reshape(sum, shape);
  }
}

/** Emits the gradient of input `input` and gives its name. */
export type GradientRule = (node: Differential, input: number) => string;

/** The rules of an operator by input; the last serves all further inputs, undefined is no gradient. */
export type GradientRules = readonly (GradientRule | undefined)[];
