import { expect, test } from 'vitest';

import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { masterId } from '../node.ts';
import type { Work } from '../node.ts';
import { Formation } from './formation.ts';
import { Holdings } from './holdings.ts';
import { Loading } from './loading.ts';

/** A master alone with one layer, of which it keeps copies after steps 4 and 6. */
function loadingOf(step: number): { loading: Loading; given: () => Work[] } {
  const engine = { kind: 'wasm', name: 'none', threads: 1 } as const;
  const device = { name: 'a', cores: 1, memoryBytes: 1, engine, flops: 1, version: '0' };
  const formation = new Formation(device, 0);
  formation.cut(() => [[{ place: 'closing', from: 0, to: 1, window: 1 }]]);
  const holdings = new Holdings([0]);
  for (const kept of [4, 6]) holdings.add(masterId, kept, 0);
  const outbox = new Outbox();
  const works = new WorkQueue(outbox);
  const routes = { formation, outbox, works };
  const loading = new Loading({ step, from: 'copies' }, [0], 'run', holdings, routes);
  const given = (): Work[] => {
    works.fill(
      () => undefined,
      () => 'start',
    );
    return outbox.take().flatMap((effect) => (effect.type === 'compute' ? [effect.work] : []));
  };
  return { loading, given };
}

test('a copy that a ring before had asked for is not taken for one of the step gone back to', () => {
  const { loading, given } = loadingOf(4);
  loading.recalled(6, 0, { bytes: 6 });
  expect(given()).toEqual([]);
  loading.recalled(4, 0, { bytes: 4 });
  const [work] = given();
  expect(work).toEqual({ kind: 'write', layer: 0, payload: { bytes: 4 } });
  expect(loading.done).toBe(false);
  loading.written(work!);
  expect(loading.done).toBe(true);
});

test('a layer that nobody keeps any more is not taken from a checkpoint of another step', () => {
  expect(() => loadingOf(5)).toThrow('nobody keeps layer 0 as it was after step 5');
});
