import { expect, test } from 'vitest';

import { parseTraining, resolveTraining } from '../model/training.ts';
import { boardOf, onBoard } from './boards.ts';
import { choose } from './choose.ts';
import { demandUnits, noDemand } from './demand.ts';
import type { DeviceSpeed } from './demand.ts';
import { expectTraining, isAble } from './expect.ts';
import { fitSpeed } from './fit.ts';
import { expectedArchitectures } from './setting.ts';
import type { Setting } from './setting.ts';

const speed: DeviceSpeed = {
  productFlops: 1e-9,
  convolutionFlops: 2e-9,
  productBytes: 1e-9,
  functionFlops: 5e-9,
  otherBytes: 1e-9,
  operators: 1e-6,
  runs: 1e-4,
};

const device = {
  speed,
  flops: 1e9,
  memoryBytes: 1e9,
  baseBytes: 5e7,
  secondsPerFrame: 1e-4,
  secondsPerByte: 1e-9,
};

function settingOf(change: Partial<Setting> = {}, widths = [512, 512, 512, 512, 10]): Setting {
  const model = widths.flatMap((units, k) => [
    ...(k > 0 ? [{ layer: 'relu' }] : []),
    { layer: 'dense', units },
  ]);
  const file = {
    data: { kind: 'digits' },
    model,
    loss: 'softmaxCrossEntropy',
    optimizer: { kind: 'sgd' },
    batch: 128,
    microbatches: 8,
    steps: 10,
  };
  const target = { type: 'int32', shape: [] } as const;
  const facts = { inputShape: [64], target, trainCount: 1280 };
  return {
    training: resolveTraining(parseTraining(file, 'test'), facts),
    nodes: 3,
    device,
    link: { kind: 'duplex', bytesPerSecond: 2.5e6, latencySeconds: 0.001 },
    ...change,
  };
}

const chosen = async (setting: Setting) => {
  const outlooks = await Promise.all(
    expectedArchitectures.map((architecture) => expectTraining(architecture, setting)),
  );
  return choose(outlooks, setting);
};

test('constants are found again in works that were timed by them', () => {
  let word = 1;
  const next = (): number => (word = (Math.imul(word, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const samples = Array.from({ length: 60 }, () => {
    const demand = { ...noDemand };
    for (const unit of demandUnits) demand[unit] = next() / speed[unit];
    return {
      demand,
      seconds: demandUnits.reduce((sum, unit) => sum + speed[unit] * demand[unit], 0),
    };
  });
  const fitted = fitSpeed(samples);
  for (const unit of demandUnits) expect(fitted[unit] / speed[unit]).toBeCloseTo(1, 2);
});

test('wide layers over slow links are for the ring', async () => {
  const { architecture, why } = await chosen(settingOf());
  expect(architecture).toBe('ring');
  expect(why.join('\n')).toMatch(
    /a parameter server on its own device takes .* nothing but sending/,
  );
});

test('where all is small, one device does without the others', async () => {
  const { architecture } = await chosen(settingOf({}, [8, 8, 8, 10]));
  expect(architecture).toBe('single');
});

test('a model that one device cannot hold is shared, and the choice says so', async () => {
  const fullest = async (architecture: 'single' | 'ring'): Promise<number> => {
    const outlook = await expectTraining(architecture, settingOf());
    return Math.max(...(isAble(outlook) ? outlook.nodes.map((node) => node.memoryBytes) : []));
  };
  const memoryBytes = ((await fullest('single')) + (await fullest('ring'))) / 2;
  const { architecture, why } = await chosen(settingOf({ device: { ...device, memoryBytes } }));
  expect(architecture).toBe('ring');
  expect(why.join('\n')).toMatch(/one device alone does not fit: a device would need/);
});

test('more devices than layers, and too little memory anywhere: a reason each', async () => {
  const { why } = await chosen(settingOf({ nodes: 9 }));
  expect(why.join('\n')).toMatch(/the ring cannot: the model has 5 layers/);
  const crowd = await chosen(settingOf({ nodes: 200 }));
  expect(crowd.architecture).toBe('single');
  expect(crowd.why.join('\n')).toMatch(/all-reduce cannot: a batch has 128 samples, .* not 200/);
  const nowhere = await chosen(settingOf({ device: { ...device, memoryBytes: 1e6 } }));
  expect(nowhere.architecture).toBeUndefined();
  expect(nowhere.why).toHaveLength(5);
});

test('a board is slower in products by its Linpack figure, and in the rest by wide vectors', () => {
  const board = boardOf('pi-4b');
  const slow = onBoard(device, { flops: 59.445e9, usesBlas: true, wasmFlops: 28.5336e9 }, board);
  expect(slow.speed.productFlops / speed.productFlops).toBeCloseTo(10, 6);
  expect(slow.speed.otherBytes / speed.otherBytes).toBeCloseTo(10, 6);
  expect(slow.flops).toBeCloseTo(5.9445e9, -3);
  expect(() => boardOf('pi-9')).toThrow(/no speed is known of a device "pi-9"/);
});
