// Whole trainings through derived stages: the same losses and parameters as PyTorch, and the same to
// the bit however the model is cut.

import { describe, expect, test } from 'vitest';
import { readGolden } from '../../test/reference/safetensors.ts';
import type { Golden } from '../../test/reference/safetensors.ts';
import { relativeError, runInto, trainingOf } from '../../test/reference/trainings.ts';
import type { Values } from '../../test/reference/trainings.ts';
import type { ResolvedTraining } from './resolve.ts';
import { deriveStage, stageUpdate, updateScalars } from './stage.ts';
import type { Stage } from './stage.ts';

/** Stacks values along axis 0. */
const stack = (parts: readonly (Float32Array | Int32Array | undefined)[]): Float32Array =>
  Float32Array.from(parts.flatMap((part) => [...(part ?? [])]));

/** Adds the weight gradients of the microbatches that a unit waits for, a group at a time and in order. */
function weightGradients(stage: Stage, microbatches: readonly Values[], rows: number): Values {
  const values: Values = {};
  for (const unit of stage.weightGradients) {
    for (let first = 0; first < microbatches.length; first += unit.group) {
      const group = microbatches.slice(first, first + unit.group);
      const { fresh, accumulate } = unit.graph(rows * group.length);
      for (const name of unit.inputs) values[name] = stack(group.map((each) => each[name]));
      for (const name of unit.parameters)
        values[`sum/d/${name}`] = values[`d/${name}`] ?? new Float32Array();
      runInto(first === 0 ? fresh : accumulate, values);
    }
  }
  return values;
}

/** The losses and final parameters of a training over stages cut before the layers `cuts`. */
function train(training: ResolvedTraining, golden: Golden, cuts: readonly number[], steps: number) {
  const { batch, microbatches, learningRate, resolved } = training;
  const rows = batch / microbatches;
  const borders = [0, ...cuts, resolved.layers.length];
  const stages = borders.slice(1).map((to, index) => {
    const from = borders[index] ?? 0;
    const loss = to === resolved.layers.length;
    const stage = deriveStage(training, { from, to, loss, input: index > 0 }, rows, 'train');
    const update = stageUpdate(training, stage.parameters);
    const resident: Values = {};
    for (const { name } of stage.parameters)
      resident[name] = golden.tensors[`initial.${name}`]?.data ?? new Float32Array();
    for (const { name, type } of update.state)
      resident[name] = new Float32Array(type.shape.reduce((a, b) => a * b, 1));
    return { stage, update, resident };
  });
  const { x, target } = golden.tensors;
  if (!x || !target) throw new Error('the golden file is not of a training');
  const samples = x.shape[0] ?? 0;
  const width = x.data.length / samples;

  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const kept: Values[][] = stages.map(() => []);
    let loss = 0;
    for (let microbatch = 0; microbatch < microbatches; microbatch++) {
      const first = ((step - 1) * batch + microbatch * rows) % samples;
      let crossing: Values = {
        x0: x.data.slice(first * width, (first + rows) * width),
        target: target.data.slice(first, first + rows),
        scale: Float32Array.of(1 / batch),
        counter: Int32Array.of(step, microbatch * rows),
      };
      const inFlight = stages.map(({ stage, resident }, index) => {
        const values: Values = { ...crossing };
        const produced = runInto(stage.forward, { ...values, ...resident });
        for (const name of stage.forward.outputs) values[name] = produced[name] ?? x.data;
        crossing = { ...crossing, ...values };
        kept[index]?.push(values);
        return values;
      });
      loss = Math.fround(loss + (crossing['loss']?.[0] ?? Number.NaN));
      let gradients: Values = {};
      for (const [index, { stage, resident }] of [...stages.entries()].toReversed()) {
        const values = inFlight[index] ?? {};
        Object.assign(values, gradients);
        // What is kept is all that there is.
        const known: Values = { ...resident };
        for (const { name, source } of stage.kept)
          if (source !== 'backward') known[name] = values[name] ?? x.data;
        const produced = runInto(stage.backward, known);
        gradients = {};
        for (const name of stage.backward.outputs)
          values[name] = gradients[name] = produced[name] ?? x.data;
      }
    }
    losses.push(loss);
    for (const [index, { stage, update, resident }] of stages.entries()) {
      const sums = weightGradients(stage, kept[index] ?? [], rows);
      const scalars = updateScalars(training, step, learningRate.rate, 1);
      const values = runInto(update.graph, { ...sums, ...resident, scalars });
      for (const { input, output } of update.replaces) resident[input] = values[output] ?? x.data;
    }
  }
  return {
    losses,
    parameters: Object.assign({}, ...stages.map((each) => each.resident)) as Values,
  };
}

const mlp = [
  { layer: 'dense', units: 32 },
  { layer: 'relu' },
  { layer: 'dense', units: 24 },
  { layer: 'tanh' },
  { layer: 'dense', units: 4 },
];
const cnn = [
  { layer: 'conv2d', filters: 4, kernel: 3, padding: 1 },
  { layer: 'relu' },
  { layer: 'maxPool2d', kernel: 2 },
  { layer: 'conv2d', filters: 6, kernel: 3, padding: 1 },
  { layer: 'relu' },
  { layer: 'maxPool2d', kernel: 2 },
  { layer: 'flatten' },
  { layer: 'dense', units: 3 },
];
const withDropout = [...mlp.slice(0, 2), { layer: 'dropout', ratio: 0.25 }, ...mlp.slice(2)];

const job = (
  model: readonly unknown[],
  inputShape: readonly number[],
  batch: number,
  optimizer: unknown,
  learningRate: number,
  microbatches = 4,
) =>
  trainingOf(
    model,
    { inputShape, target: { type: 'int32', shape: [] } },
    { loss: 'softmaxCrossEntropy', optimizer, learningRate, batch, microbatches },
  );

const momentum = { kind: 'sgd', momentum: 0.9 };

describe('trainings agree with PyTorch over 1, 2 and 3 stages', () => {
  test.each([
    ['training-mlp', job(mlp, [20], 32, momentum, 0.1), 30, [[2], [2, 4], [1, 5]]],
    ['training-cnn', job(cnn, [1, 12, 12], 16, { kind: 'adam' }, 0.01), 20, [[3], [3, 7], [5, 6]]],
  ] as const)('%s', (file, training, steps, everyCut) => {
    const golden = readGolden(file);
    const whole = train(training, golden, [], steps);
    expect(relativeError(whole.losses, golden.tensors['losses']?.data)).toBeLessThan(1e-3);
    const final = Object.entries(golden.tensors).filter(([name]) => name.startsWith('final.'));
    expect(final.length).toBeGreaterThan(0);
    for (const [name, { data }] of final)
      expect(relativeError(whole.parameters[name.slice(6)], data)).toBeLessThan(1e-3);
    // A later loss would show any difference in an earlier update.
    for (const cuts of everyCut) {
      const { losses } = train(training, golden, cuts, 5);
      expect(losses).toEqual(whole.losses.slice(0, 5));
    }
  });
});

test('dropout and groups of unequal sizes do not depend on the cut', () => {
  const training = job(withDropout, [20], 32, momentum, 0.1, 8);
  const golden = readGolden('training-mlp');
  // The golden parameters, under the places that the layers have here.
  const moved = {
    '3.weight': '2.weight',
    '3.bias': '2.bias',
    '5.weight': '4.weight',
    '5.bias': '4.bias',
  };
  const tensors = { ...golden.tensors };
  for (const [to, from] of Object.entries(moved)) {
    const tensor = golden.tensors[`initial.${from}`];
    if (tensor) tensors[`initial.${to}`] = tensor;
  }
  const runs = [[], [2], [3], [3, 5], [1, 2, 3]].map((cuts) =>
    train(training, { ...golden, tensors }, cuts, 3),
  );
  for (const run of runs) expect(run).toEqual(runs[0]);
  expect(runs[0]?.losses.every(Number.isFinite)).toBe(true);
});
