// What the fuzzer has found, made as short as it could: each was a bug, and none comes back.

import { expect, test } from 'vitest';

import { attempt } from './fuzz.ts';
import type { Scenario } from './scenario.ts';

const plain = { hasLateDevice: false, fewest: 1, replicateEvery: 1, workSeconds: 0.02 } as const;
const scenario = (
  each: Partial<Scenario> & Pick<Scenario, 'seed' | 'model' | 'nodes' | 'script'>,
) => ({
  ...plain,
  replicateSeconds: undefined,
  saveSeconds: undefined,
  slow: undefined,
  sessions: false,
  ...each,
});

test.each<[string, Scenario]>([
  [
    'copies may be dropped while the stage of a ring that forms anew is being prepared',
    scenario({
      seed: 3916,
      model: 3,
      nodes: 3,
      script: [
        {
          when: { on: 'keep', nth: 10, events: 3 },
          fault: { kind: 'linkDown', between: ['worker-1', 'worker-2'], seconds: 21 },
        },
      ],
    }),
  ],
  [
    'a checkpoint that is being completed when a worker is lost is the one that layers come from',
    scenario({
      seed: 2752,
      model: 11,
      nodes: 2,
      replicateEvery: 3,
      script: [{ when: 5.879526736680418, fault: { kind: 'crash', device: 'worker-1', back: 18 } }],
    }),
  ],
  [
    'after going back to the seed, copies of steps count that had been dropped before',
    scenario({
      seed: 2081,
      model: 22,
      nodes: 3,
      replicateEvery: 5,
      replicateSeconds: 1.0793763203546405,
      script: [
        {
          when: { on: 'parameters', nth: 1, events: 6 },
          fault: { kind: 'pause', device: 'master', seconds: 16.868733942043036 },
        },
      ],
    }),
  ],
])('%s', async (_, each) => {
  const { failure, outcome } = await attempt(each);
  expect(failure).toBeUndefined();
  expect(outcome).toBe('survived');
});
