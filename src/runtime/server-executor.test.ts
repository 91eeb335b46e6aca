// A shard on a real engine against the same arithmetic over whole parameters.

import { afterEach, describe, expect, test } from 'vitest';

import { runInto, trainingOf } from '../../test/reference/trainings.ts';
import type { Values } from '../../test/reference/trainings.ts';
import { createInlineEngine } from '../engine/inline.ts';
import { elementCount } from '../graph/graph.ts';
import { initialValues } from '../model/initialise.ts';
import { stageUpdate, updateScalars } from '../model/stage.ts';
import { ringTraining } from '../model/training.ts';
import type { Payload } from '../node.ts';
import { shardKeys } from '../parameter-server/keys.ts';
import type { Engine } from '../ports.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { ServerExecutor } from './server-executor.ts';

const training = trainingOf(
  [{ layer: 'dense', units: 90 }, { layer: 'relu' }, { layer: 'dense', units: 3 }],
  { inputShape: [50], target: { type: 'float32', shape: [3] } },
  { optimizer: { kind: 'adam' } },
);
const shards = 2;
const keys = shardKeys(training, shards);
const parameters = training.resolved.layers.flatMap((layer, index) =>
  layer.parameters.map((specification) => ({ index, specification })),
);

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

async function createShard(shard: number): Promise<ServerExecutor> {
  const engine = await createInlineEngine();
  engines.push(engine);
  const executor = new ServerExecutor(engine);
  const held = keys.filter((key) => key.shard === shard);
  await executor.run({ kind: 'hold', training: ringTraining(training), keys: held });
  return executor;
}

/** A worker's gradient of everything: sin of place and worker. */
const gradient = (worker: number, name: string, element: number): number =>
  Math.fround(Math.sin(element + 7 * worker + name.length));

const pushed = (key: (typeof keys)[number], worker: number, bad = false): Payload =>
  tensorPayload(
    key.slices.map(({ name, first, count }) => {
      const values = Float32Array.from({ length: count }, (_, k) =>
        gradient(worker, name, first + k),
      );
      if (bad) values[count - 1] = Number.NaN;
      const type = { type: 'float32', shape: [count] } as const;
      return { name: `d/${name}`, type, bytes: new Uint8Array(values.buffer) };
    }),
  );

const valuesOf = (payload: Payload | undefined): Map<string, Float32Array> =>
  new Map(
    (payload as TensorPayload).tensors.map(({ name, bytes }) => [
      name,
      new Float32Array(bytes.slice().buffer),
    ]),
  );

describe('shards', () => {
  test('sum and update as a whole replica does, and give layers back whole', async () => {
    const values: Values = {};
    const tensors = parameters.map(({ index, specification }) => {
      const name = `${index}.${specification.name}`;
      values[name] = initialValues(training.seed, index, specification);
      return {
        name,
        type: { type: 'float32', shape: specification.shape } as const,
        layer: index,
      };
    });
    const update = stageUpdate(training, tensors);
    for (const { name, type } of update.state)
      values[name] = new Float32Array(elementCount(type.shape));

    const executors = [await createShard(0), await createShard(1)];
    for (let step = 0; step < 3; step += 1) {
      const scalars = [...updateScalars(training, step + 1, 0.01, 1)];
      for (const key of keys) {
        const executor = executors[key.shard]!;
        for (const worker of [0, 1, 2])
          void executor.run({
            kind: 'gather',
            key: key.key,
            isFirst: worker === 0,
            payload: pushed(key, worker + 10 * step),
          });
        const { squaredNorms, payload } = await executor.run({
          kind: 'apply',
          key: key.key,
          scalars,
        });
        expect(squaredNorms![0]).toBeGreaterThan(0);
        expect(payload!.bytes).toBe(4 * key.slices.reduce((sum, { count }) => sum + count, 0));
      }
      for (const { name, type } of tensors)
        values[`d/${name}`] = Float32Array.from({ length: elementCount(type.shape) }, (_, k) => {
          const [a, b, c] = [0, 1, 2].map((worker) => gradient(worker + 10 * step, name, k));
          return Math.fround(Math.fround(a! + b!) + c!);
        });
      values['scalars'] = Float32Array.from(scalars);
      runInto(update.graph, values);
      for (const { input, output } of update.replaces) values[input] = values[output]!;
    }

    for (const layer of [0, 2]) {
      const pieces: Payload[] = [];
      for (const executor of executors)
        pieces.push((await executor.run({ kind: 'surrender', layer })).payload!);
      const { payload } = await executors[0]!.run({ kind: 'assemble', layer, pieces });
      const whole = valuesOf(payload);
      expect([...whole.keys()].sort()).toEqual(
        ['bias', 'bias/mean', 'bias/variance', 'weight', 'weight/mean', 'weight/variance'].map(
          (name) => `${layer}.${name}`,
        ),
      );
      for (const [name, actual] of whole) {
        const expected = values[name]!;
        const worst = Math.max(...actual.map((value, k) => Math.abs(value - expected[k]!)));
        expect({ name, isClose: worst < 1e-6 }).toEqual({ name, isClose: true });
      }
    }
  });

  test('do not apply a gradient that is not finite', async () => {
    const executor = await createShard(0);
    const [key] = keys;
    const before = await executor.run({ kind: 'value', key: key!.key });
    await executor.run({ kind: 'gather', key: 0, isFirst: true, payload: pushed(key!, 1, true) });
    const { squaredNorms, payload } = await executor.run({
      kind: 'apply',
      key: 0,
      scalars: [...updateScalars(training, 1, 0.1, 1)],
    });
    expect(squaredNorms![0]).toBeNaN();
    expect(payload).toBeUndefined();
    const after = await executor.run({ kind: 'value', key: 0 });
    expect(valuesOf(after.payload)).toEqual(valuesOf(before.payload));
  });

  test('refuse what is not theirs', async () => {
    const executor = await createShard(0);
    const payload = tensorPayload([]);
    await expect(
      executor.run({ kind: 'gather', key: 0, isFirst: true, payload }),
    ).rejects.toMatchObject({ code: 'PROTOCOL' });
    await expect(executor.run({ kind: 'value', key: 1 })).rejects.toMatchObject({
      code: 'PROTOCOL',
    });
  });
});
