import { expect, test } from 'vitest';
import { digitsDataset, drawDigit } from './digits.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test('a digit follows from seed and index alone', () => {
  const digit = drawDigit(1, 7);
  drawDigit(1, 8);
  expect(drawDigit(1, 7)).toEqual(digit);
  expect(drawDigit(1, 8).image).not.toEqual(digit.image);
  expect(drawDigit(2, 7).image).not.toEqual(digit.image);
});

test('the pixels never change between versions: results could not be compared', () => {
  const sum = upTo(50).reduce(
    (sum, index) => drawDigit(1, index).image.reduce((a, b) => (a * 31 + b) >>> 0, sum),
    0,
  );
  expect(sum).toBe(1683227688);
});

test('digits have ink in the middle, paper at the rim, and every label', () => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const index of upTo(500)) {
    const { label, image } = drawDigit(3, index);
    counts[label] = (counts[label] ?? 0) + 1;
    const inked = image.filter((pixel) => pixel > 128).length;
    expect(inked).toBeGreaterThan(15);
    expect(inked).toBeLessThan(784 / 2);
  }
  for (const count of counts) expect(count).toBeGreaterThan(20);
});

test('as a dataset: scaled to 0..1, read in any order, twice the same', async () => {
  const dataset = digitsDataset(1, 100, 50);
  const { inputs, targets } = await dataset.read([3, 0, 3]);
  const { label, image } = drawDigit(1, 103);
  expect(inputs).toHaveLength(3 * 784);
  expect(inputs.subarray(0, 784)).toEqual(Float32Array.from(image, (pixel) => pixel / 255));
  expect(inputs.subarray(2 * 784)).toEqual(inputs.subarray(0, 784));
  expect(targets).toEqual(Int32Array.of(label, drawDigit(1, 100).label, label));
});
