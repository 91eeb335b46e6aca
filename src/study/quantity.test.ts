import { expect, test } from 'vitest';

import { formatQuantity, formatTimes, quantityParts } from './quantity.ts';
import type { Quantity } from './quantity.ts';

test.each<[number, Quantity, string]>([
  [12.34, 'seconds', '12.3 s'],
  [123.4, 'seconds', '123 s'],
  [299, 'seconds', '299 s'],
  [600, 'seconds', '10.0 min'],
  [36_000, 'seconds', '10.0 h'],
  [0.0123, 'seconds', '12.3 ms'],
  [0.0000004, 'seconds', '0.400 µs'],
  [0, 'seconds', '0 s'],
  [0.3809, 'share', '38.1 %'],
  [0, 'share', '0.0 %'],
  [999, 'bytes', '999 B'],
  [999.9, 'bytes', '1.00 kB'],
  [62_800, 'bytes', '62.8 kB'],
  [0, 'bytes', '0 B'],
  [0.018, 'joules', '18.0 mJ'],
  [5_000, 'joules', '5.00 kJ'],
  [1234.5, 'rate', '1,235'],
  [0.16174, 'loss', '0.1617'],
  [NaN, 'loss', 'not finite'],
])('%d of %s is %s', (value, quantity, text) => {
  expect(formatQuantity(value, quantity)).toBe(text);
});

test('a spread has its value’s unit and digits, and is not shown below the last of them', () => {
  expect(formatQuantity({ mean: 12.34, halfWidth: 0.44 }, 'seconds')).toBe('12.3 ± 0.4 s');
  expect(formatQuantity({ mean: 0.5, halfWidth: 1e-6 }, 'share')).toBe('50.0 %');
  expect(quantityParts({ mean: 1500, halfWidth: 2_000_000 }, 'bytes')).toEqual({
    value: '1.50',
    spread: '2,000.00',
    unit: 'kB',
  });
});

test('times keep as many figures as a person does', () => {
  expect([1.044, 1.44, 9.94, 12.4].map(formatTimes)).toEqual(['1.04', '1.4', '9.9', '12']);
});
