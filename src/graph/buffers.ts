// Plans where every value of a graph stands. Inputs and outputs are the caller's; all between shares one
// arena, in which a place is used again as soon as its value is dead. Reshapes cost nothing: they are
// other names of their source's place. Linear scan over the nodes' order, best fit.

import { Arena } from './arena.ts';
import type { Graph, GraphNode, TensorType } from './graph.ts';
import { byteLength } from './graph.ts';
import { inPlaceInputs } from './operators.ts';

export type Place =
  | { readonly kind: 'arena'; readonly offset: number }
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'output'; readonly index: number };

export interface BufferPlan {
  readonly arenaBytes: number;
  readonly place: Readonly<Record<string, Place>>;
  /** The nodes to run, in order: without the views, and with a copy (Identity) where a view cannot be. */
  readonly nodes: readonly GraphNode[];
  /** The types of all values, also of those that copies brought in. */
  readonly types: Readonly<Record<string, TensorType>>;
}

/**
 * Places for all values of a graph. A value of the arena takes the place of an input of its node only
 * where the operator works in place. Nothing but an output itself (or what an output is a view of) is
 * ever written to an output's place, so a caller may give an output the memory of an input that is last
 * read by the node that computes the output, if that works in place on it.
 */
export function planBuffers(graph: Graph): BufferPlan {
  const { nodes, types, outputs } = separateViews(graph);
  const sources = sourcesOfViews(nodes);
  const source = (value: string): string => sources.get(value) ?? value;

  const place: Record<string, Place> = {};
  graph.inputs.forEach((name, index) => (place[name] = { kind: 'input', index }));
  outputs.forEach((name, index) => (place[source(name)] = { kind: 'output', index }));

  const work = nodes.filter((node) => !isView(node));
  const lastRead = new Map<string, number>();
  work.forEach((node, step) => {
    for (const input of node.inputs) lastRead.set(source(input), step);
  });

  const arena = new Arena();
  work.forEach((node, step) => {
    const read = node.inputs.filter((name) => name !== '').map(source);
    const dying = new Set(
      read.filter((name) => lastRead.get(name) === step && place[name]?.kind === 'arena'),
    );
    const unread: string[] = [];
    node.outputs.forEach((output, index) => {
      const type = types[output];
      if (place[output] || !type) return;
      const taken = inPlaceInputs(node, index, types)
        .map(source)
        .find((name) => dying.has(name) && read.indexOf(name) === read.lastIndexOf(name));
      if (taken !== undefined) dying.delete(taken);
      const own = taken === undefined ? undefined : place[taken];
      place[output] = own ?? { kind: 'arena', offset: arena.take(output, byteLength(type)) };
      if (taken !== undefined) arena.rename(taken, output);
      if (!lastRead.has(output)) unread.push(output);
    });
    for (const name of [...dying, ...unread]) arena.release(name);
  });

  for (const [view, of] of sources) {
    const shared = place[of];
    if (shared) place[view] = shared;
  }
  return { arenaBytes: arena.bytes, place, nodes: work, types };
}

const isView = (node: GraphNode): boolean => node.op === 'Reshape';

/** Of every view the value that it is, in the end, a view of. */
function sourcesOfViews(nodes: readonly GraphNode[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const node of nodes.filter(isView)) {
    const [input = ''] = node.inputs;
    for (const output of node.outputs) sources.set(output, sources.get(input) ?? input);
  }
  return sources;
}

/**
 * An output that would be a view of an input, or of what another output is, becomes a copy: then each
 * output has a place of its own.
 */
function separateViews(graph: Graph) {
  const sources = sourcesOfViews(graph.nodes);
  const types: Record<string, TensorType> = { ...graph.types };
  const nodes = [...graph.nodes];
  const occupied = new Set(graph.inputs);
  const ownPlace = (output: string): string => {
    const source = sources.get(output) ?? output;
    if (!occupied.has(source)) {
      occupied.add(source);
      return output;
    }
    const copy = `copy/${output}`;
    const type = types[output];
    if (type) types[copy] = type;
    nodes.push({ op: 'Identity', inputs: [output], outputs: [copy], attributes: {} });
    return copy;
  };
  return { nodes, types, outputs: graph.outputs.map(ownPlace) };
}
