// The local rule: what a node computes next, decided from nothing but what has arrived. A waiting
// gradient goes before a waiting activation and weight gradients fill what is left, which is 1F1B
// (PipeDream, Narayanan et al. 2019) with the backward pass split as in Zero Bubble Pipeline
// Parallelism (Qi et al. 2023). On the master the closing stage goes first: its work frees all others.

import type { Microbatch, Work } from '../node.ts';
import type { StageRun } from './stage-run.ts';

/** Describes microbatch k of the pass that the node is in; for the stage that begins the ring. */
export type DescribeMicrobatch = (microbatch: number) => Microbatch;

/** What only the node that begins and ends the ring knows. */
export interface Source {
  /** Rows of the global batch: the loss is their mean. */
  readonly batch: number;
  readonly describe: DescribeMicrobatch;
}

/**
 * The next work of a node that holds `runs`, the closing stage first. What it chooses counts as given
 * to the engine. Undefined: nothing can be done before something arrives.
 */
export function nextWork(runs: readonly StageRun[], source?: Source): Work | undefined {
  return (
    first(runs, (run) => loss(run, source)) ??
    first(runs, backward) ??
    first(runs, (run) => forward(run, source)) ??
    first(runs, weights)
  );
}

function first(
  runs: readonly StageRun[],
  choose: (run: StageRun) => Work | undefined,
): Work | undefined {
  for (const run of runs) {
    const work = choose(run);
    if (!work) continue;
    run.give(work);
    return work;
  }
  return undefined;
}

const mayOpen = (run: StageRun): boolean => run.isFirst && run.given.forwarded < run.limit;

function loss(run: StageRun, source?: Source): Work | undefined {
  if (!run.isLast || !source) return undefined;
  const { batch, describe } = source;
  if (mayOpen(run)) return { kind: 'loss', of: describe(run.given.forwarded), batch };
  const arrived = run.activations.shift();
  return arrived && { kind: 'loss', of: arrived.of, batch, input: arrived.payload };
}

function backward(run: StageRun): Work | undefined {
  const { place } = run.stage;
  const arrived = run.gradients.shift();
  return arrived && { kind: 'backward', place, of: arrived.of, gradient: arrived.payload };
}

function forward(run: StageRun, source?: Source): Work | undefined {
  if (run.isLast) return undefined;
  const { place } = run.stage;
  if (source && mayOpen(run))
    return { kind: 'forward', place, of: source.describe(run.given.forwarded) };
  const arrived = run.activations.shift();
  return arrived && { kind: 'forward', place, of: arrived.of, input: arrived.payload };
}

function weights(run: StageRun): Work | undefined {
  const ready = run.readyUnit;
  if (!ready) return undefined;
  const rows = run.rowsBetween(ready.first, ready.first + ready.count);
  return { kind: 'weights', place: run.stage.place, ...ready, rows };
}
