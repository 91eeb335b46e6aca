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
      seed: 523,
      model: 16,
      nodes: 3,
      fewest: 2,
      replicateEvery: 2,
      replicateSeconds: 1.5893196049146354,
      script: [{ when: 6.375375911593437, fault: { kind: 'crash', device: 'worker-1' } }],
    }),
  ],
  [
    'a checkpoint that is being completed when a worker is lost is the one that layers come from',
    scenario({
      seed: 4708,
      model: 17,
      nodes: 3,
      replicateEvery: 5,
      script: [
        {
          when: { on: 'activation', nth: 32, events: 7 },
          fault: { kind: 'crash', device: 'worker-1', disk: 'lost', back: 19.39174525309354 },
        },
        {
          when: { on: 'parameters', nth: 1, events: 9 },
          fault: { kind: 'crash', device: 'worker-2', back: 1.6140427510254083 },
        },
      ],
    }),
  ],
  [
    'after going back to the seed, copies of steps count that had been dropped before',
    scenario({
      seed: 3399,
      model: 7,
      nodes: 3,
      saveSeconds: 6.995165770407766,
      script: [
        {
          when: 1.478191341739148,
          fault: { kind: 'pause', device: 'master', seconds: 23.517998828552663 },
        },
        {
          when: { on: 'store', nth: 3, events: 2 },
          fault: { kind: 'crash', device: 'worker-2' },
        },
      ],
    }),
  ],
  [
    'a copy that turns out damaged while a newcomer waits for it is not waited for',
    scenario({
      seed: 45,
      model: 1,
      nodes: 4,
      replicateEvery: 5,
      workSeconds: 0.3,
      sessions: true,
      script: [
        {
          when: { on: 'recall', nth: 2, events: 2 },
          fault: { kind: 'damage', device: 'worker-2' },
        },
        {
          when: { on: 'activation', nth: 48, events: 2 },
          fault: { kind: 'crash', device: 'worker-3', disk: 'lost', back: 1.6037528617307542 },
        },
      ],
    }),
  ],
  [
    'a master that is alone goes back further when its copies turn out damaged',
    scenario({
      seed: 56766,
      model: 3,
      nodes: 2,
      replicateEvery: 2,
      script: [
        { when: { on: 'lost', nth: 1, events: 0 }, fault: { kind: 'damage', device: 'master' } },
        {
          when: { on: 'store', nth: 7, events: 1 },
          fault: { kind: 'linkDown', between: ['master', 'worker-1'], seconds: 13.5 },
        },
      ],
    }),
  ],
  [
    'a copy turns out damaged that was asked for before another worker was lost',
    scenario({
      seed: 0,
      model: 0,
      nodes: 4,
      script: [
        { when: { on: 'step', nth: 3, events: 0 }, fault: { kind: 'crash', device: 'worker-1' } },
        { when: { on: 'lost', nth: 1, events: 0 }, fault: { kind: 'damage', device: 'master' } },
        { when: { on: 'lost', nth: 1, events: 10 }, fault: { kind: 'crash', device: 'worker-3' } },
      ],
    }),
  ],
])('%s', async (_, each) => {
  const { failure, outcome } = await attempt(each);
  expect(failure).toBeUndefined();
  expect(outcome).toBe('survived');
});
