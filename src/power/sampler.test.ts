import { describe, expect, test } from 'vitest';

import { RingError } from '../errors.ts';
import type { PowerReading, PowerSource } from '../ports.ts';
import { modelEnergy, modelSource } from './model.ts';
import { deviceProfile } from './profiles.ts';
import { createEnergySampler } from './sampler.ts';

const gone = new RingError('SENSOR', 'the sensor is gone');

/** Gives the readings one after the other; an error is thrown. */
function scripted(readings: readonly (PowerReading | Error)[]): PowerSource {
  let next = 0;
  return {
    kind: 'measured',
    name: 'scripted',
    description: '',
    errorBand: { relative: 0.02, basis: 'a test' },
    read() {
      const reading = readings[next++]!;
      return reading instanceof Error ? Promise.reject(reading) : Promise.resolve(reading);
    },
  };
}

async function run(
  source: PowerSource,
  times: readonly number[],
): Promise<ReturnType<typeof createEnergySampler>> {
  const sampler = createEnergySampler(source);
  for (const seconds of times) await sampler.sample({ seconds, utilisation: 0.5, bytes: 0 });
  return sampler;
}

const watts = (...values: number[]) => values.map((value) => ({ watts: value }));
const joules = (...values: number[]) => values.map((value) => ({ joules: value }));

describe('the sampler', () => {
  test('counts nothing of a pause', async () => {
    const at = (seconds: number) => ({ seconds, utilisation: 0, bytes: 0 });
    const sampler = createEnergySampler(scripted(joules(10, 14, 100, 101, 103)));
    await sampler.sample(at(0));
    await sampler.pause(at(2));
    await sampler.sample(at(50));
    await sampler.sample(at(51));
    await sampler.pause(at(52));
    expect(sampler.report(1)).toMatchObject({ total: 7, seconds: 4, floorJoules: 4 });
  });

  test('integrates watts by trapezoid over irregular intervals', async () => {
    const times = [10, 10.5, 13, 13, 20];
    // P = 2 + 0.3 t is what trapezoids integrate exactly, wherever it is sampled.
    const sampler = await run(scripted(watts(...times.map((t) => 2 + 0.3 * t))), times);
    const report = sampler.report();
    expect(report.total).toBeCloseTo(2 * 10 + 0.15 * (20 ** 2 - 10 ** 2), 10);
    expect(report.seconds).toBeCloseTo(10, 10);
    expect(report).toMatchObject({
      kind: 'measured',
      source: 'scripted',
      errorBand: { relative: 0.02 },
    });
    expect(report).not.toHaveProperty('missed');
    expect(report).not.toHaveProperty('floorJoules');
    expect(report).not.toHaveProperty('computeJoules');
  });

  test('takes the difference of joules, whatever they began at', async () => {
    const sampler = await run(scripted(joules(-500, -480, -430)), [0, 1, 7]);
    expect(sampler.report()).toMatchObject({ total: 70, seconds: 7 });
  });

  test('tells floor and margin apart by the idle watts of the same sensor', async () => {
    const sampler = await run(scripted(watts(5, 5)), [0, 10]);
    expect(sampler.report(3)).toMatchObject({ total: 50, floorJoules: 30, marginalJoules: 20 });
    expect(sampler.report(6)).toMatchObject({ floorJoules: 60, marginalJoules: -10 });
  });

  test.each([
    ['watts', [...watts(4, 4), gone, gone, ...watts(6, 6)], 4 + 6],
    ['joules', [...joules(0, 4), gone, gone, ...joules(900, 906)], 4 + 6],
  ])('a sensor that goes and comes back costs the time between: %s', async (_, readings, total) => {
    const sampler = await run(scripted(readings), [0, 1, 2, 3, 5, 6]);
    expect(sampler.report(2)).toMatchObject({
      total,
      seconds: 2,
      floorJoules: 4,
      missed: { seconds: 4, reason: 'the sensor is gone' },
    });
  });

  test('a sensor that is never there gives nothing, and says so', async () => {
    const sampler = await run(scripted([gone, gone]), [0, 8]);
    const missed = { seconds: 8, reason: 'the sensor is gone' };
    expect(sampler.report()).toMatchObject({ total: 0, seconds: 0, missed });
  });

  test('no sample and one sample hold no time', async () => {
    expect((await run(scripted([]), [])).report()).toMatchObject({ total: 0, seconds: 0 });
    expect((await run(scripted(watts(9)), [4])).report()).toMatchObject({ total: 0, seconds: 0 });
  });

  test('samples keep their order though nobody waits for them', async () => {
    const answers: ((reading: PowerReading) => void)[] = [];
    const read = (): Promise<PowerReading> => new Promise((resolve) => answers.push(resolve));
    const sampler = createEnergySampler({ ...scripted([]), read });
    const all = [0, 1, 2].map((seconds) => sampler.sample({ seconds, utilisation: 0, bytes: 0 }));
    for (const [i, sampled] of all.entries()) {
      await expect.poll(() => answers.length).toBe(i + 1);
      answers[i]!({ watts: i });
      await sampled;
    }
    expect(sampler.report()).toMatchObject({ total: 2, seconds: 2 });
  });

  test('a fault that is not a sensor comes out, and the next sample goes on', async () => {
    const fault = new TypeError('a fault of ours');
    const sampler = createEnergySampler(scripted([...watts(1), fault, ...watts(1)]));
    const sample = (seconds: number) => sampler.sample({ seconds, utilisation: 0, bytes: 0 });
    await sample(0);
    await expect(sample(1)).rejects.toBe(fault);
    await sample(2);
    expect(sampler.report()).toMatchObject({ total: 2, seconds: 2 });
  });

  test('a model keeps its parts, from the first sample on', async () => {
    const profile = deviceProfile('pi-zero-w');
    const sampler = createEnergySampler(modelSource(profile));
    await sampler.sample({ seconds: 5, utilisation: 0, bytes: 0 });
    await sampler.sample({ seconds: 7, utilisation: 0.1, bytes: 1e6 });
    await sampler.sample({ seconds: 15, utilisation: 0.4, bytes: 4e6 });
    const expected = modelEnergy(profile, [{ seconds: 10, utilisation: 0.6, bytes: 4e6 }]);
    const { total, floorJoules, marginalJoules, computeJoules, radioJoules } = sampler.report();
    expect(total).toBeCloseTo(expected.total, 10);
    expect(floorJoules).toBeCloseTo(expected.floorJoules, 10);
    expect(marginalJoules).toBeCloseTo(expected.computeJoules + expected.radioJoules, 10);
    expect(computeJoules).toBeCloseTo(expected.computeJoules, 10);
    expect(radioJoules).toBeCloseTo(expected.radioJoules, 10);
  });
});
