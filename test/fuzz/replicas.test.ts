// Some of the seeds of the parameter server and of all-reduce; `npm run fuzz -- --architecture` tries more.

import { expect, test } from 'vitest';

import { fuzzReplicas } from './replicas.ts';

test.each(['parameter-server', 'all-reduce'] as const)(
  'a run by %s survives its devices',
  { timeout: 120_000 },
  async (architecture) => {
    const { failures, counts } = await fuzzReplicas(architecture, 0, 30);
    expect(failures).toEqual([]);
    for (const seen of ['fault: crash', 'report: lost', 'report: reformed'])
      expect(counts.get(seen)).toBeGreaterThan(0);
  },
);
