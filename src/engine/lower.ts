// Lowers a graph, once, to the flat list of kernel calls that runs it. Each operator's family has a
// file in lower/ that says which kernels make it; where values stand is planned by graph/buffers.ts.

import { RingError } from '../errors.ts';
import { planBuffers } from '../graph/buffers.ts';
import type { Attributes, Graph, GraphNode, Shape } from '../graph/graph.ts';
import type { OperatorName } from '../graph/operators.ts';
import type { KernelName } from './kernels.ts';
import { convolutions } from './lower/convolution.ts';
import { elementwise } from './lower/elementwise.ts';
import { optimizers } from './lower/optimizer.ts';
import { pooling } from './lower/pooling.ts';
import { products } from './lower/product.ts';
import { reductions } from './lower/reduction.ts';
import { shaping } from './lower/shape.ts';
import type { Address, KernelCall, KernelProgram, Operand } from './program.ts';

/** One node as its lowering sees it. */
export interface Lowering {
  readonly attributes: Attributes;
  /** The inputs and outputs that are there; an absent optional input is undefined. */
  readonly inputs: readonly (Place | undefined)[];
  readonly outputs: readonly Place[];
  call(kernel: KernelName, ...operands: Operand[]): void;
  /** Memory for the duration of this node; a second call adds to the first. */
  scratch(bytes: number): Address;
}

export interface Place {
  readonly at: Address;
  readonly shape: Shape;
}

export type Lower = (node: Lowering) => void;

const table: Readonly<Record<OperatorName, Lower>> = {
  ...products,
  ...convolutions,
  ...pooling,
  ...elementwise,
  ...reductions,
  ...shaping,
  ...optimizers,
};

const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Errors: GRAPH when the graph uses an operator that the engine lacks. */
export function lower(graph: Graph): KernelProgram {
  const plan = planBuffers(graph);
  const calls: KernelCall[] = [];
  const arenaStart = aligned(plan.arenaBytes);
  let arenaBytes = arenaStart;

  const place = (name: string): Place => {
    const where = plan.place[name];
    const shape = plan.types[name]?.shape;
    if (!where || !shape) throw new RingError('GRAPH', `the value ${name} has no place`);
    if (where.kind === 'arena') return { at: { base: 0, offset: where.offset }, shape };
    const first = where.kind === 'input' ? 1 : 1 + graph.inputs.length;
    return { at: { base: first + where.index, offset: 0 }, shape };
  };

  const lowerNode = (node: GraphNode): void => {
    let used = arenaStart;
    table[node.op as OperatorName]({
      attributes: node.attributes,
      inputs: node.inputs.map((name) => (name === '' ? undefined : place(name))),
      outputs: node.outputs.map(place),
      call: (kernel, ...operands) => void calls.push({ kernel, operands }),
      scratch: (bytes) => {
        const at = { base: 0, offset: used };
        used += aligned(bytes);
        arenaBytes = Math.max(arenaBytes, used);
        return at;
      },
    });
  };
  for (const node of plan.nodes) {
    if (!Object.hasOwn(table, node.op))
      throw new RingError('GRAPH', `the engine has no operator ${node.op}`);
    lowerNode(node);
  }
  return { calls, arenaBytes };
}
