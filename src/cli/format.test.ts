import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatLoss, formatNumberOf } from './format.ts';
import { formatTable } from './table.ts';
import { sparkline } from './sparkline.ts';

test('numbers as people read them', () => {
  expect(formatCount(1234567.4)).toBe('1,234,567');
  expect([17, 999.4, 999.6, 1234, 99_960, 253_098_000].map(formatBytes)).toEqual([
    '17 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '100 kB',
    '253 MB',
  ]);
  expect([0, 42.4, 59.6, 725, 3725].map(formatDuration)).toEqual([
    '0:00',
    '0:42',
    '1:00',
    '12:05',
    '1:02:05',
  ]);
  expect([1.38631, 0.001, 0.00012345, 0, 123456].map(formatLoss)).toEqual([
    '1.3863',
    '0.0010',
    '1.234e-4',
    '0.0000',
    '1.235e+5',
  ]);
  expect(formatNumberOf(1, 'worker')).toBe('1 worker');
  expect(formatNumberOf(2, 'worker')).toBe('2 workers');
});

test('a table is as wide as its widest cells, without blanks at the end', () => {
  expect(
    formatTable(
      [{ title: 'kind' }, { title: 'parameters', align: 'right' }, { title: 'engine' }],
      [
        ['dense', '1,234', 'wasm'],
        ['maxPool2d', '0', ''],
      ],
    ),
  ).toEqual([
    'kind       parameters  engine',
    'dense           1,234  wasm',
    'maxPool2d           0',
  ]);
});

test('a sparkline averages equal parts and uses all heights', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([0, 2, 10, 12], 2)).toBe('▁█');
  expect(sparkline([3, 3, 3], 60)).toBe('▁▁▁');
  expect(sparkline([], 60)).toBe('');
});
