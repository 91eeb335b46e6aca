import { afterEach, beforeEach, expect, test } from 'vitest';

import { intelPackage, recordedSysfs, under } from '../../test/power/recorded-sysfs.ts';
import type { RecordedSysfs } from '../../test/power/recorded-sysfs.ts';
import type { EnergyReport } from '../ports.ts';
import { Meter } from '../meter/fold.ts';
import { deviceProfile } from '../power/index.ts';
import { Recorder } from '../runtime/recorder.ts';
import { measureEnergy, modelledEnergy, openSensor, totalJoules } from './energy.ts';
import { figuresNotes } from './figures-notes.ts';
import type { NodeRecording } from './node-recording.ts';

let sysfs: RecordedSysfs;
beforeEach(async () => {
  sysfs = await recordedSysfs();
});
afterEach(() => sysfs.dispose());

test('a sensor that cannot be read is said in one line, its absence not at all', async () => {
  expect(await openSensor(sysfs.root)).toEqual({});
  await sysfs.write({
    ...intelPackage,
    ...under('class/powercap/intel-rapl:0', { energy_uj: 'locked' }),
  });
  const { sensor, unreadable } = await openSensor(sysfs.root);
  expect(sensor).toBeUndefined();
  expect(unreadable).toMatch(/^energy is not measured: .*energy_uj holds "locked".*$/);
});

test('joules are those of the steps alone, told apart into floor and the rest', async () => {
  const readings = [100, 104, 200, 203].map((joules) => ({ joules }));
  let now = 0;
  const recorder = new Recorder({
    now: () => now,
    busySeconds: () => 0,
    tensorBytes: () => 0,
    usage: () => ({ peakMemoryBytes: 0, cpuSeconds: 0 }),
  });
  const source = {
    kind: 'measured' as const,
    name: 'RAPL package-0',
    description: '',
    read: () => Promise.resolve(readings.shift()!),
  };
  const end = measureEnergy(recorder, { source, idleWatts: 1 });
  expect(recorder.recording.energy).toBeUndefined();
  recorder.committed(1);
  now = 2;
  recorder.pause(true);
  now = 10;
  recorder.pause(false);
  now = 11;
  recorder.pause(true);
  end();
  // The readings are asynchronous.
  await new Promise(setImmediate);
  expect(recorder.recording.energy).toMatchObject({
    total: 7,
    seconds: 3,
    floorJoules: 3,
    marginalJoules: 4,
  });
});

const report = (changes: Partial<EnergyReport> = {}): EnergyReport => ({
  kind: 'measured',
  source: 'RAPL package-0',
  total: 10,
  seconds: 5,
  ...changes,
});

test('joules of several devices are known only when each of them is known whole', () => {
  expect(totalJoules([report(), report()])).toBe(20);
  expect(totalJoules([report(), undefined])).toBeUndefined();
  expect(totalJoules([report({ missed: { seconds: 1, reason: 'gone' } })])).toBeUndefined();
  expect(totalJoules([])).toBeUndefined();
});

function recordings(usage: Partial<NodeRecording['usage']> = {}): NodeRecording[] {
  const meter = new Meter();
  meter.add({ type: 'commit', step: 1, at: 0 });
  meter.add({ type: 'compute', kind: 'forward', label: 'F0', start: 0, end: 1 });
  for (const staleness of [0, 1]) meter.add({ type: 'answer', staleness, at: 1 });
  meter.add({ type: 'send', to: 'b', message: 'activation', bytes: 2500, start: 1, end: 1 });
  meter.add({ type: 'pause', at: 2 });
  meter.add({ type: 'resume', at: 4 });
  meter.add({ type: 'commit', step: 2, at: 6 });
  const own = { peakMemoryBytes: 1, tensorBytes: 1, cpuSeconds: 1, ...usage };
  const { figures } = meter;
  const clock = { offsetSeconds: 0, errorSeconds: 0 };
  return [{ node: 'master', figures, usage: own, entries: [], ...clock }];
}

test('the notes say what there is to say, and how each figure was obtained', () => {
  const [own] = recordings({
    throttledSeconds: 2,
    engineCpuSeconds: 0.5,
    engineBusySeconds: 1.5,
  });
  const floor = { floorJoules: 6, marginalJoules: 4 };
  const measured = [{ ...own!, energy: report(floor) }];
  expect(figuresNotes(measured, { batch: 10, profile: deviceProfile('pi-4b') })).toEqual([
    'busiest link: master and b, 2.5 kB a step both ways',
    'computed on stale weights: 50.00 % of the computing',
    'throttled by a CPU quota: master for 2.0 s with its group; its engine says busy for 1.5 s, its thread ran for 0.5 s',
    'left out of these figures: 2.0 s of testing and saving',
    'energy: 10.0 J measured by RAPL package-0, 1.00 J a sample: 6.00 J for idling, 4.00 J beyond; all that runs on that host is in it',
    'energy: 10.3 J modelled by the model of pi-4b, 1.03 J a sample: 9.14 J for idling, 1.13 J beyond; of one such device',
  ]);
  expect(figuresNotes(recordings(), { batch: 10 })).toHaveLength(3);
  expect(figuresNotes([], { batch: 10 })).toEqual([]);
});

test('the model takes the time and the work that the meter saw', () => {
  const [{ figures }] = recordings() as [NodeRecording];
  const { idleWatts, loadWatts, cores } = deviceProfile('pi-4b');
  const { floorJoules, computeJoules } = modelledEnergy(deviceProfile('pi-4b'), figures);
  expect(floorJoules).toBeCloseTo(4 * idleWatts, 9);
  expect(computeJoules).toBeCloseTo(loadWatts / cores, 9);
});
