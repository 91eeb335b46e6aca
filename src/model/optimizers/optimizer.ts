// What an optimizer is: its options, the state it keeps beside each parameter, one update as a graph,
// and the numbers that it is sent for a step. Those numbers are computed by the master alone, so that
// no node's own arithmetic can make a difference.

import type { z } from 'zod';
import type { GraphBuilder } from '../../graph/builder.ts';

export type OptimizerSchema = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

/** Values of one parameter: of itself, its gradient, its state by name, and the scalars of the step. */
export interface UpdateInputs {
  readonly parameter: string;
  readonly gradient: string;
  readonly state: Readonly<Record<string, string>>;
  readonly scalars: string;
}

export interface UpdateOutputs {
  readonly parameter: string;
  readonly state: Readonly<Record<string, string>>;
}

export interface OptimizerDefinition<Schema extends OptimizerSchema = OptimizerSchema> {
  readonly options: Schema;
  /** Learning rate of a training file that names none. */
  readonly defaultRate: number;
  /** Names of the state tensors, each of the parameter's shape; they begin as zeros. */
  state(options: z.output<Schema>): readonly string[];
  /** How many numbers `scalars` has. */
  readonly scalarCount: number;
  /** The scalars of step `step` (the first is 1); `factor` multiplies every gradient (clipping). */
  scalars(options: z.output<Schema>, step: number, rate: number, factor: number): Float32Array;
  update(builder: GraphBuilder, options: z.output<Schema>, inputs: UpdateInputs): UpdateOutputs;
}

/** Gives a definition its types. */
export const defineOptimizer = <Schema extends OptimizerSchema>(
  definition: OptimizerDefinition<Schema>,
): OptimizerDefinition<Schema> => definition;
