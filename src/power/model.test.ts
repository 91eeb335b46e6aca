import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { deviceUtilisation, modelEnergy, modelSource } from './model.ts';
import { deviceProfile, deviceProfiles } from './profiles.ts';

const pi = deviceProfile('pi-4b');

describe('the model', () => {
  test('idle costs the floor and nothing else', () => {
    expect(modelEnergy(pi, [{ seconds: 100, utilisation: 0, bytes: 0 }])).toEqual({
      kind: 'modelled',
      source: 'model pi-4b',
      total: 100 * 2.286,
      seconds: 100,
      floorJoules: 100 * 2.286,
      marginalJoules: 0,
      computeJoules: 0,
      radioJoules: 0,
    });
  });

  test('one busy thread of four cores costs a quarter of the load', () => {
    const utilisation = deviceUtilisation(pi, 10, 10);
    expect(utilisation).toBe(0.25);
    const { computeJoules, floorJoules, total } = modelEnergy(pi, [
      { seconds: 10, utilisation, bytes: 0 },
    ]);
    expect(computeJoules).toBeCloseTo(10 * 4.534 * 0.25, 10);
    expect(total).toBeCloseTo(floorJoules + computeJoules, 10);
  });

  test('each byte costs by the radio of the device', () => {
    const activity = { seconds: 1, utilisation: 0, bytes: 1e9 };
    expect(modelEnergy(pi, [activity]).radioJoules).toBeCloseTo(38, 10);
    expect(modelEnergy(deviceProfile('pi-2b'), [activity]).radioJoules).toBe(0);
  });

  test('a run costs what its stretches cost together', () => {
    const busy = { seconds: 3, utilisation: 1, bytes: 5e6 };
    const idle = { seconds: 9, utilisation: 0, bytes: 1e6 };
    const { total, computeJoules, radioJoules } = modelEnergy(pi, [busy, idle]);
    const whole = modelEnergy(pi, [{ seconds: 12, utilisation: 0.25, bytes: 6e6 }]);
    expect(total).toBeCloseTo(whole.total, 10);
    expect(computeJoules).toBeCloseTo(whole.computeJoules, 10);
    expect(radioJoules).toBeCloseTo(whole.radioJoules, 10);
    expect(modelEnergy(pi, []).total).toBe(0);
  });

  test('utilisation is never more than all of the device, and 0 before time passes', () => {
    expect(deviceUtilisation(pi, 41, 10)).toBe(1);
    expect(deviceUtilisation(pi, 0, 0)).toBe(0);
  });

  test('as a source it says what it holds and gives the same joules', async () => {
    const source = modelSource(pi);
    expect(source).toMatchObject({ kind: 'modelled', name: 'model pi-4b' });
    expect(source.description).toMatch(/4B.*hal-03912723.*Wi-Fi.*LCN'14.*0\.942 W/);
    expect(source).not.toHaveProperty('errorBand');
    const activity = { seconds: 10, utilisation: 0.5, bytes: 1e6 };
    const { total, floorJoules, computeJoules, radioJoules } = modelEnergy(pi, [activity]);
    await expect(source.read(activity)).resolves.toEqual({
      joules: total,
      parts: { floorJoules, computeJoules, radioJoules },
    });
  });
});

describe('profiles', () => {
  test.each([
    ['pi-5', 4, 4.403, 7.861],
    ['pi-400', 4, 1.822, 6.847],
    ['pi-4b', 4, 2.286, 6.82],
    ['pi-3b+', 4, 2.002, 5.3],
    ['pi-3b', 4, 1.078, 4.555],
    ['pi-2b', 4, 1.29, 2.439],
    ['pi-zero-w', 1, 0.92, 1.393],
  ])('%s has %d cores, draws %d W idle and %d W busy', (name, cores, idle, busy) => {
    const profile = deviceProfile(name);
    expect(profile.cores).toBe(cores);
    expect(profile.idleWatts).toBe(idle);
    expect(profile.idleWatts + profile.loadWatts).toBeCloseTo(busy, 10);
    expect(profile.citation).toContain('hal-03912723');
    expect(profile.radio.citation).toContain('PowerPi');
  });

  test('are named when a name is not known, the nearest too', () => {
    const names = deviceProfiles.map(({ name }) => name).join(', ');
    const asked = (name: string) => () => deviceProfile(name);
    expect(asked('pi-4')).toThrow(`the profiles are ${names}; did you mean pi-4b?`);
    expect(asked('pi4b')).toThrow(expect.objectContaining({ code: 'USAGE', exitCode: 2 }));
    expect(asked('cray-1')).toThrow(/^"cray-1" is not a known device profile: [^?]*$/);
  });
});

test.each(['profiles', 'model', 'accumulate', 'sampler'])(
  '%s.ts runs in a browser: neither Node nor a clock',
  (name) => {
    const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8');
    const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier);
    const pure = /^(\.\.\/(errors|ports|model\/suggestion)|\.\/(profiles|accumulate))\.ts$/;
    expect(imports.filter((specifier) => !pure.test(specifier!))).toEqual([]);
    expect(source).not.toMatch(/\b(Date|performance|process|setTimeout|Math\.random)\b/);
  },
);
