// The books of one key under each consistency, literally: what a shard's engine is asked for, and who is
// answered with what.

import { describe, expect, test } from 'vitest';

import type { NodeId, Payload, ShardWork } from '../node.ts';
import { AsynchronousLedger } from './asynchronous-ledger.ts';
import { Crew } from './crew.ts';
import type { Ledger, LedgerContext } from './ledger.ts';
import { SynchronousLedger } from './synchronous-ledger.ts';

/** What happened, in order: `gather+ a` begins a sum with a's gradient, `gather a` adds it; `a <- 2` answers. */
function books(
  ledgerOf: (context: LedgerContext) => Ledger,
  workers: readonly NodeId[],
  updates = 9,
) {
  const said: string[] = [];
  const names = new Map<Payload, string>();
  const crew = new Crew();
  crew.add(0, 9, workers);
  let scalars = updates;
  const tell = (work: ShardWork): string => {
    if (work.kind === 'gather')
      return `gather${work.isFirst ? '+' : ''} ${names.get(work.payload)}`;
    return work.kind === 'apply' ? `apply ${work.scalars.join()}` : work.kind;
  };
  const ledger = ledgerOf({
    crew,
    scalars: (update) => (update < scalars ? [update] : undefined),
    compute: (work) => void said.push(tell(work)),
    answer: (_, { node, staleness }, after) =>
      void said.push(`${node} <- ${after}${staleness ? `, ${staleness} stale` : ''}`),
  });
  return {
    ledger,
    crew,
    push: (from: NodeId, step = 0): void => {
      const payload = { bytes: 4 };
      names.set(payload, from);
      ledger.push(from, step, payload);
    },
    /** The engine has done an update. */
    applied: (): void => ledger.applied({ bytes: 4 }),
    allow: (upTo: number): void => {
      scalars = upTo;
      ledger.advance();
    },
    /** What was said since. */
    take: (): string[] => said.splice(0),
  };
}

describe('bsp', () => {
  const bsp = (workers: readonly NodeId[], clips = false, updates?: number) =>
    books((context) => new SynchronousLedger(0, context, clips), workers, updates);

  test('adds gradients in the order of the crew, whoever is first, and answers everyone', () => {
    const { push, applied, take } = bsp(['a', 'b', 'c']);
    push('c');
    push('b');
    expect(take()).toEqual([]);
    push('a');
    expect(take()).toEqual(['gather+ a', 'gather b', 'gather c', 'apply 0']);
    applied();
    expect(take()).toEqual(['a <- 1', 'b <- 1', 'c <- 1']);
  });

  test('keeps what comes for the next step until this one is done', () => {
    const { push, applied, take } = bsp(['a', 'b']);
    push('a');
    push('a', 1);
    push('b');
    expect(take()).toEqual(['gather+ a', 'gather b', 'apply 0']);
    push('b', 1);
    expect(take()).toEqual([]);
    applied();
    expect(take()).toEqual(['a <- 1', 'b <- 1', 'gather+ a', 'gather b', 'apply 1']);
  });

  test('with clipping, the sum is measured and waits for the scalars', () => {
    const { push, allow, take } = bsp(['a'], true, 0);
    push('a');
    expect(take()).toEqual(['gather+ a', 'measure']);
    allow(1);
    expect(take()).toEqual(['apply 0']);
  });

  test('nobody waits for a worker that was dropped', () => {
    const { ledger, crew, push, applied, take } = bsp(['a', 'b']);
    push('b');
    crew.drop('a');
    ledger.advance();
    expect(take()).toEqual(['gather+ b', 'apply 0']);
    applied();
    expect(take()).toEqual(['b <- 1']);
  });

  test('a pull waits for the update that it wants', () => {
    const { ledger, push, applied, take } = bsp(['a']);
    ledger.pull('late', 1);
    expect(take()).toEqual([]);
    push('a');
    applied();
    expect(take()).toEqual(['gather+ a', 'apply 0', 'a <- 1', 'value']);
    ledger.valued({ bytes: 4 });
    expect(take()).toEqual(['late <- 1']);
  });
});

describe('async', () => {
  const ssp = (bound: number, workers = ['a', 'b'], updates?: number) =>
    books((context) => new AsynchronousLedger(0, context, bound), workers, updates);

  test('every push is an update, in order of arrival, and tells how stale it was', () => {
    const { push, applied, take } = ssp(Infinity);
    push('a');
    push('b');
    expect(take()).toEqual(['gather+ a', 'apply 0']);
    applied();
    expect(take()).toEqual(['a <- 1', 'gather+ b', 'apply 1']);
    push('a', 1);
    applied();
    expect(take()).toEqual(['b <- 2, 1 stale', 'gather+ a', 'apply 2']);
    applied();
    expect(take()).toEqual(['a <- 3, 1 stale']);
  });

  test('an update waits for its scalars', () => {
    const { push, allow, take } = ssp(Infinity, ['a'], 0);
    push('a');
    expect(take()).toEqual([]);
    allow(1);
    expect(take()).toEqual(['gather+ a', 'apply 0']);
  });

  test('ssp:1 holds back who is two steps ahead, until the slowest has pushed', () => {
    const { ledger, push, applied, take } = ssp(1);
    for (const step of [0, 1]) {
      push('a', step);
      applied();
    }
    expect(take()).toEqual(['gather+ a', 'apply 0', 'a <- 1', 'gather+ a', 'apply 1']);
    push('b');
    applied();
    expect(take()).toEqual(['gather+ b', 'apply 2', 'b <- 3, 2 stale', 'value']);
    ledger.valued({ bytes: 4 });
    expect(take()).toEqual(['a <- 3']);
  });

  test('ssp: the slowest that is dropped holds nobody back, and is not answered', () => {
    const { ledger, crew, push, applied, take } = ssp(0);
    push('a');
    applied();
    push('b');
    take();
    crew.drop('b');
    ledger.advance();
    applied();
    ledger.valued({ bytes: 4 });
    expect(take()).toEqual(['value', 'a <- 2']);
  });

  test('the memory of a value that nobody is sent is given back', () => {
    const { ledger, push } = ssp(0);
    push('a');
    let released = 0;
    ledger.applied({ bytes: 4, release: () => (released += 1) });
    expect(released).toBe(1);
  });
});
