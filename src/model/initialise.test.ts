import { expect, test } from 'vitest';
import { initialValues } from './initialise.ts';
import { heUniform } from './layers/layer.ts';

const weight = { name: 'weight', shape: [100, 50], initial: heUniform(50) };

test('fills the interval evenly', () => {
  const values = initialValues(1, 0, weight);
  const bound = Math.sqrt(6 / 50);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
  expect(values).toHaveLength(5000);
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
  expect(Math.abs(mean)).toBeLessThan(0.02 * bound);
  expect(variance / ((bound * bound) / 3)).toBeCloseTo(1, 1);
  expect(new Set(values).size).toBeGreaterThan(4990);
});

test('is a function of seed, layer, name and place', () => {
  const values = initialValues(1, 0, weight);
  expect(initialValues(1, 0, weight)).toEqual(values);
  expect(initialValues(1, 0, { ...weight, shape: [10, 50] })).toEqual(values.slice(0, 500));
  const others = [
    initialValues(2, 0, weight),
    initialValues(1, 1, weight),
    initialValues(1, 0, { ...weight, name: 'other' }),
  ];
  for (const other of others) {
    const same = other.filter((value, index) => value === values[index]);
    expect(same.length).toBeLessThan(5);
  }
  // Pinned: a run must begin the same with every version and on every machine.
  expect(Array.from(values.slice(0, 3))).toMatchInlineSnapshot(`
    [
      0.09780856221914291,
      0.3195669651031494,
      -0.007825424894690514,
    ]
  `);
});

test('constants are constant', () => {
  const bias = { name: 'bias', shape: [3], initial: { kind: 'constant', value: 0 } } as const;
  expect([...initialValues(1, 0, bias)]).toEqual([0, 0, 0]);
});
