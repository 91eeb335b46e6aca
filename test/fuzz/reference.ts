// What a training must come to, from one node to which nothing happens: losses, evaluations, and every
// layer after every step.

import { masterId } from '../../src/node.ts';
import type { Payload, Report } from '../../src/node.ts';
import type { Course, Pass } from '../../src/machine/course.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import { Training } from './training.ts';

export type Evaluated = Extract<Report, { kind: 'evaluated' }>;

export interface Reference {
  readonly losses: readonly number[];
  readonly evaluated: readonly Evaluated[];
  /** By the number of steps done, then by layer. */
  readonly layers: ReadonlyMap<number, ReadonlyMap<number, Payload>>;
}

const known = new Map<number, Promise<Reference>>();

export function referenceOf(model: number): Promise<Reference> {
  const reference = known.get(model) ?? train(model);
  known.set(model, reference);
  return reference;
}

/** Saves after every step. */
const saving =
  (course: Course): Course =>
  (from) =>
    passes(course(from));

function* passes(course: Iterator<Pass>): Generator<Pass> {
  for (let next = course.next(); !next.done; next = course.next()) {
    const pass = next.value;
    if (pass.kind === 'save') continue;
    yield pass;
    if (pass.kind === 'train') yield { kind: 'save', step: pass.step + 1 };
  }
}

async function train(model: number): Promise<Reference> {
  const training = new Training(model);
  const cut = { seed: 0, fewest: 1 };
  const master = await training.master(cut, { workers: 0, course: saving(training.course) });
  const layers = new Map<number, Map<number, Payload>>();
  const { reports, ends } = await simulate({
    devices: new Map([[masterId, { ...master, seconds: () => 1 }]]),
    link: () => ({ latencySeconds: 0, bytesPerSecond: 1 }),
    record: 'nothing',
    watch: {
      told: (_seconds, _device, _event, effects) => {
        for (const effect of effects)
          if (effect.type === 'store' && effect.layer !== undefined) {
            const { step, layer, payload } = effect;
            const ofStep = layers.get(step) ?? new Map<number, Payload>();
            layers.set(step, ofStep.set(layer, payload!));
          }
      },
    },
  });
  await training.close();
  const error = ends.get(masterId)?.error;
  if (error) throw new Error(`model ${model} does not train: ${error.reason}`);
  return {
    losses: reports.flatMap((report) => (report.kind === 'step' ? [report.loss] : [])),
    evaluated: reports.filter((report) => report.kind === 'evaluated'),
    layers,
  };
}
