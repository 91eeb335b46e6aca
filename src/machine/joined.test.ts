import { expect, test } from 'vitest';

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Message } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Joined } from './joined.ts';
import { Outbox } from './outbox.ts';

const join: MessageOf<'join'> = {
  type: 'join',
  name: 'laptop',
  cores: 1,
  memoryBytes: 1e9,
  engine: { kind: 'wasm', name: 'wasm', threads: 1 },
  flops: 1e9,
  version: '0',
  address: '127.0.0.1:1',
};

function device(refused?: RingError) {
  const told: string[] = [];
  const joined = new Joined(join, new Outbox(), {
    message: (from, _, { type }) => {
      if (refused) throw refused;
      told.push(`${type} from ${from}`);
    },
    computed: ({ kind }) => void told.push(kind),
    unlinked: (node) => void told.push(`${node} left`),
    advance: () => void told.push('on'),
  });
  return { joined, told };
}

const from = (node: string, message: Message) =>
  ({ type: 'message', from: node, generation: 1, message }) as const;

const endOf = (effects: readonly Effect[]): unknown =>
  effects.flatMap((effect) => (effect.type === 'end' ? [effect.error ?? 'in order'] : []))[0];

test('it asks its master to be let in, and knows whom it is linked to', () => {
  const { joined } = device();
  expect(joined.receive({ type: 'linked', node: masterId })).toMatchObject([
    { type: 'send', to: masterId, message: { type: 'join', name: 'laptop' } },
  ]);
  expect(joined.receive({ type: 'linked', node: 'worker-2' })).toEqual([]);
  expect(joined.isLinkedTo([masterId, 'worker-2'])).toBe(true);
  expect(joined.isLinkedTo(['worker-3'])).toBe(false);
});

test('what is for its part goes there, and then it goes on', () => {
  const { joined, told } = device();
  joined.receive(from('worker-2', { type: 'kept' }));
  joined.receive({ type: 'unlinked', node: 'worker-2', reason: 'gone' });
  expect(told).toEqual(['kept from worker-2', 'on', 'worker-2 left', 'on']);
});

test.each([
  ['its word', from(masterId, { type: 'end' }), 'in order'],
  [
    'its failure',
    from(masterId, { type: 'failed', code: 'NODE_LOST', message: 'no' }),
    { code: 'NODE_LOST', reason: 'no' },
  ],
  [
    'its absence',
    { type: 'unlinked', node: masterId, reason: 'cut' },
    { code: 'NODE_LOST', reason: 'the master is gone: cut' },
  ],
] as const)('it ends with its master: %s', (_, event, expected) => {
  const { joined, told } = device();
  expect(endOf(joined.receive(event))).toEqual(expected);
  expect(joined.receive(from(masterId, { type: 'kept' }))).toEqual([]);
  expect(told).toEqual([]);
});

test('an end by somebody else than the master is for its part to judge', () => {
  const { joined, told } = device();
  joined.receive(from('worker-2', { type: 'end' }));
  expect(told).toEqual(['end from worker-2', 'on']);
});

test('what it cannot do, its master is told', () => {
  const { joined } = device(new RingError('PROTOCOL', 'not due'));
  const effects = joined.receive(from(masterId, { type: 'kept' }));
  expect(effects).toMatchObject([
    { type: 'send', to: masterId, message: { type: 'failed', code: 'PROTOCOL' } },
    { type: 'end', error: { code: 'PROTOCOL', reason: 'not due' } },
  ]);
});
