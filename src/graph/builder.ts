// Builds graphs node by node. Types are inferred as nodes are added, so a mistake is reported where it
// is made. Names depend on the sequence of calls alone, never on shapes: the same layers built for
// another number of rows have the same names, which is what lets values saved by one graph feed
// another one.

import { RingError } from '../errors.ts';
import type { Attributes, Graph, GraphNode, TensorType } from './graph.ts';
import { inferTypes } from './operators.ts';
import { prune } from './prune.ts';

export class GraphBuilder {
  readonly #inputs: string[] = [];
  readonly #declared: string[] = [];
  readonly #source: (name: string) => TensorType | undefined;
  /** With the names that were current when the node was added. */
  readonly #nodes: GraphNode[] = [];
  readonly #types = new Map<string, TensorType>();
  /** Names that `name` has replaced. */
  readonly #renamed = new Map<string, string>();
  /** The next number of each prefix. */
  readonly #counts = new Map<string, number>();
  #prefix = '';

  /** Values that `source` knows may be used undeclared: they become graph inputs where they are used. */
  constructor(source: (name: string) => TensorType | undefined = () => undefined) {
    this.#source = source;
  }

  /** Declares a graph input. Errors: GRAPH when the name is taken. */
  input(name: string, type: TensorType): string {
    this.#claim(name, type);
    this.#inputs.push(name);
    this.#declared.push(name);
    return name;
  }

  /** Sets the prefix of the names that follow: after `scope('3.')` they are `3.0`, `3.1`, … */
  scope(prefix: string): void {
    this.#prefix = prefix;
  }

  /** Applies an operator of one output. Errors: GRAPH. */
  apply(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const [output, ...more] = this.applyAll(op, inputs, attributes);
    if (output === undefined || more.length > 0) {
      throw new RingError('GRAPH', `${op} has ${more.length + 1} outputs: use applyAll`);
    }
    return output;
  }

  /** Applies an operator; '' is an absent optional input. Errors: GRAPH. */
  applyAll(op: string, inputs: readonly string[], attributes: Attributes = {}): string[] {
    const names = inputs.map((name) => (name === '' ? '' : this.#resolve(name)));
    const inferred = inferTypes(
      op,
      names.map((name) => (name === '' ? undefined : this.type(name))),
      attributes,
    );
    const outputs = inferred.outputs.map((type) => {
      const number = this.#counts.get(this.#prefix) ?? 0;
      this.#counts.set(this.#prefix, number + 1);
      return this.#claim(`${this.#prefix}${number}`, type);
    });
    this.#nodes.push({ op, inputs: names, outputs, attributes: inferred.attributes });
    return outputs;
  }

  /**
   * Gives a computed value a chosen name; its old one stays understood by this builder. A graph input
   * keeps its name, so it is copied. Errors: GRAPH when the name is taken.
   */
  name(value: string, alias: string): string {
    const current = this.#resolve(value);
    const type = this.type(current);
    if (current === alias) return alias;
    if (this.#inputs.includes(current)) return this.name(this.apply('Identity', [current]), alias);
    this.#claim(alias, type);
    this.#types.delete(current);
    this.#renamed.set(current, alias);
    return alias;
  }

  /** Whether there is a value of this name. */
  has(value: string): boolean {
    return this.#types.has(this.#resolve(value));
  }

  /** Errors: GRAPH when there is no such value. */
  type(value: string): TensorType {
    const name = this.#resolve(value);
    const known = this.#types.get(name);
    if (known) return known;
    const type = this.#source(name);
    if (!type) throw new RingError('GRAPH', `there is no value ${value} in the graph`);
    this.#types.set(name, type);
    this.#inputs.push(name);
    return type;
  }

  /** The graph of all declared inputs and of the nodes that the outputs need. Errors: GRAPH. */
  finish(outputs: readonly string[]): Graph {
    const names = outputs.map((name) => this.#resolve(name));
    for (const name of names) this.type(name);
    if (new Set(names).size !== names.length) {
      throw new RingError('GRAPH', `an output is given twice: ${names.join(', ')}`);
    }
    const graph = {
      inputs: [...this.#inputs],
      nodes: this.#nodes.map((node) => this.#renamedNode(node)),
      outputs: names,
      types: Object.fromEntries(this.#types),
    };
    return prune(graph, { inputs: this.#declared });
  }

  #renamedNode({ op, inputs, outputs, attributes }: GraphNode): GraphNode {
    const resolve = (name: string) => this.#resolve(name);
    return { op, inputs: inputs.map(resolve), outputs: outputs.map(resolve), attributes };
  }

  /** The current name of a value. */
  #resolve(name: string): string {
    const next = this.#renamed.get(name);
    return next === undefined ? name : this.#resolve(next);
  }

  #claim(name: string, type: TensorType): string {
    if (name === '' || this.#types.has(name) || this.#renamed.has(name)) {
      throw new RingError('GRAPH', `the name '${name}' of a value is empty or taken`);
    }
    this.#types.set(name, type);
    return name;
  }
}
