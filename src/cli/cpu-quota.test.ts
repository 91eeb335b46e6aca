import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { throttledSeconds } from './cpu-quota.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ringtmp-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function record(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const ownLines = '4:memory:/lab/node-1\n3:cpu,cpuacct:/lab/node-1\n0::/lab/node-1\n';

test('version 2 tells microseconds', () => {
  record({
    'proc/self/cgroup': '0::/lab/node-1\n',
    'sys/fs/cgroup/lab/node-1/cpu.max': '25000 100000\n',
    'sys/fs/cgroup/lab/node-1/cpu.stat':
      'usage_usec 81250000\nnr_periods 340\nnr_throttled 301\nthrottled_usec 12500000\n',
  });
  expect(throttledSeconds(root)).toBeCloseTo(12.5, 9);
});

test('version 1 tells nanoseconds, wherever it is mounted', () => {
  const stat = 'nr_periods 340\nnr_throttled 301\nthrottled_time 12500000000\n';
  for (const mount of ['cpu', 'cpu,cpuacct']) {
    record({
      'proc/self/cgroup': ownLines,
      [`sys/fs/cgroup/${mount}/lab/node-1/cpu.cfs_quota_us`]: '25000\n',
      [`sys/fs/cgroup/${mount}/lab/node-1/cpu.stat`]: stat,
    });
    expect(throttledSeconds(root)).toBeCloseTo(12.5, 9);
    rmSync(join(root, 'sys'), { recursive: true });
  }
});

test('the quota may be that of a group further out; of two, the innermost counts', () => {
  const group = 'sys/fs/cgroup/lab';
  record({
    'proc/self/cgroup': '0::/lab/node-1/job\n',
    [`${group}/cpu.max`]: '50000 100000\n',
    [`${group}/cpu.stat`]: 'throttled_usec 3000000\n',
    [`${group}/node-1/cpu.max`]: '25000 100000\n',
    [`${group}/node-1/cpu.stat`]: 'throttled_usec 1000000\n',
    [`${group}/node-1/job/cpu.max`]: 'max 100000\n',
    [`${group}/node-1/job/cpu.stat`]: 'throttled_usec 0\n',
  });
  expect(throttledSeconds(root)).toBeCloseTo(1, 9);
});

test('without a quota, or without control groups, there is no figure', () => {
  expect(throttledSeconds(root)).toBeUndefined();
  record({
    'proc/self/cgroup': ownLines,
    'sys/fs/cgroup/cpu/lab/node-1/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu/lab/node-1/cpu.stat': 'throttled_time 0\n',
  });
  expect(throttledSeconds(root)).toBeUndefined();
  record({
    'proc/self/cgroup': '0::/\n',
    'sys/fs/cgroup/cpu.max': 'max 100000\n',
    'sys/fs/cgroup/cpu.stat': 'throttled_usec 0\n',
  });
  expect(throttledSeconds(root)).toBeUndefined();
});
