// What master and worker believe of what they are sent: nothing that is not due.

import { expect, test } from 'vitest';

import type { Effect, Event, Message, Node, NodeId } from '../../src/node.ts';
import { trainingCourse } from '../../src/machine/course.ts';
import { Master } from '../../src/ring/master.ts';
import { Worker } from '../../src/ring/worker.ts';

const payload = { bytes: 8 };
const engine = { kind: 'wasm', name: 'none', threads: 1 } as const;
const capabilities = { cores: 1, memoryBytes: 1, engine, flops: 1, version: '0' };
const joining = (name: string): Extract<Message, { type: 'join' }> => ({
  type: 'join',
  name,
  address: `${name}:1`,
  ...capabilities,
});
const says = (from: NodeId, message: Message, generation = 1): Event => ({
  type: 'message',
  from,
  generation,
  message,
});
/** What a node does, besides saying why its engine has nothing to do. */
const effectsOf = (node: Node, event: Event): Effect[] =>
  node.receive(event).filter(({ type }) => type !== 'wait');
const ends = (effects: readonly Effect[]): Extract<Effect, { type: 'end' }>[] =>
  effects.flatMap((effect) => (effect.type === 'end' ? [effect] : []));

/** A master whose ring of two workers, attic and cellar, has formed and is in its first pass. */
function formedMaster(): Master {
  const inner = (from: number) => [{ place: 'inner', from, to: from + 1, window: 2 } as const];
  const master = new Master({
    training: {},
    purpose: 'train',
    // Nothing to load and nothing unsaved: an error ends the run at once.
    layersWithParameters: [],
    loadedStep: 0,
    rows: 4,
    course: trainingCourse({ trainCount: 8, testCount: 0, batch: 8, steps: 2 }),
    workers: 2,
    capabilities: { name: 'desk', ...capabilities },
    cut: () => [
      [
        { place: 'opening', from: 0, to: 1, window: 2 },
        { place: 'closing', from: 3, to: 4, window: 2 },
      ],
      inner(1),
      inner(2),
    ],
    schedule: () => ({ learningRate: 1, scalars: [1] }),
  });
  master.receive({ type: 'start' });
  master.receive(says('worker-1', joining('attic'), 0));
  const [prepare] = master
    .receive(says('worker-2', joining('cellar'), 0))
    .flatMap((effect) => (effect.type === 'compute' ? [effect] : []));
  const prepared = { bytes: 0, units: { opening: [1], closing: [1] } };
  master.receive({ type: 'computed', work: prepare!.work, result: { prepared } });
  master.receive(says('worker-1', { type: 'ready', bytes: 0 }));
  const effects = master.receive(says('worker-2', { type: 'ready', bytes: 0 }));
  expect(effects).toContainEqual({
    type: 'report',
    report: expect.objectContaining({ kind: 'formed' }),
  });
  return master;
}

const of = { pass: 1, step: 0, mode: 'train', microbatch: 0, of: 2, rows: 4, position: 0 } as const;
const activation = { type: 'activation', ...of, payload } as const;

test('a worker that comes too late is told so, and the ring is not disturbed', () => {
  expect(effectsOf(formedMaster(), says('worker-3', joining('shed'), 0))).toEqual([
    {
      type: 'send',
      to: 'worker-3',
      generation: 1,
      message: {
        type: 'failed',
        code: 'TOO_MANY_NODES',
        message: 'the ring already has all its nodes: ask for more of them and start again',
      },
    },
  ]);
});

test('a worker that leaves before the ring is full makes room for another', () => {
  const master = new Master({
    training: {},
    purpose: 'train',
    layersWithParameters: [],
    rows: 4,
    course: trainingCourse({ trainCount: 8, testCount: 0, batch: 8, steps: 2 }),
    workers: 2,
    capabilities: { name: 'desk', ...capabilities },
    cut: () => [],
    schedule: () => ({ learningRate: 1, scalars: [1] }),
  });
  master.receive(says('worker-1', joining('attic'), 0));
  expect(effectsOf(master, { type: 'unlinked', node: 'worker-1', reason: 'it left' })).toEqual([]);
  expect(effectsOf(master, says('worker-2', joining('cellar'), 0))).toEqual([
    {
      type: 'report',
      report: { kind: 'joined', node: 'worker-2', name: 'cellar', joined: 1, wanted: 2 },
    },
  ]);
  const reason = 'cellar was stopped by its user';
  const word: Message = { type: 'failed', code: 'INTERRUPTED', message: reason };
  const left = effectsOf(master, says('worker-2', word, 0));
  expect(left).toContainEqual({
    type: 'report',
    report: { kind: 'lost', node: 'worker-2', name: 'worker-2 (cellar)', reason },
  });
  expect(ends(left)).toEqual([]);
  expect(effectsOf(master, says('worker-3', joining('shed'), 0))).toMatchObject([
    { report: { kind: 'joined', node: 'worker-3', joined: 1, wanted: 2 } },
  ]);
});

test('the node that is gone is called by its name, whoever tells', () => {
  const gone = (event: Event) => ends(formedMaster().receive(event))[0]?.error;
  const error = { code: 'NODE_LOST', reason: 'worker-2 (cellar) is gone: it left' };
  expect(gone({ type: 'unlinked', node: 'worker-2', reason: 'it left' })).toEqual(error);
  const word = { type: 'failed', code: 'NODE_LOST', message: 'it left' } as const;
  expect(gone(says('worker-1', { ...word, node: 'worker-2' }))).toEqual(error);
  for (const node of ['master', 'worker-7'])
    expect(gone(says('worker-1', { ...word, node }))?.reason).toBe('worker-1 (attic): it left');
});

test.each<[string, NodeId, Message]>([
  ['an activation from the wrong side', 'worker-1', activation],
  ['an activation out of order', 'worker-2', { ...activation, microbatch: 1 }],
  ['an activation of another pass', 'worker-2', { ...activation, pass: 2 }],
  [
    'a gradient before its activation',
    'worker-1',
    { type: 'gradient', pass: 1, microbatch: 0, payload },
  ],
  ['credit from the wrong side', 'worker-2', { type: 'credit', pass: 1, upTo: 2 }],
  ['finished of another pass', 'worker-1', { type: 'finished', pass: 2, squaredNorms: [0, 0, 0] }],
  ['finished from the wrong side', 'worker-2', { type: 'finished', pass: 1, squaredNorms: [0] }],
  ['a commit', 'worker-1', { type: 'commit', pass: 1, step: 0, scalars: [] }],
  ['parameters nobody asked for', 'worker-1', { type: 'parameters', layer: 1, payload }],
  ['loaded when nothing was', 'worker-1', { type: 'loaded', layer: 1 }],
])('a master refuses %s', (_, from, message) => {
  expect(ends(formedMaster().receive(says(from, message)))).toEqual([refusal(from, message)]);
});

const refusal = (from: NodeId, { type }: Message): Effect => ({
  type: 'end',
  error: {
    code: 'PROTOCOL',
    reason: `${from} sent '${type}' when it was not due: all nodes must run the same version of ringtmp`,
  },
});

test('frames of another generation, and of who is not in the ring, are ignored', () => {
  const master = formedMaster();
  const commit: Message = { type: 'commit', pass: 1, step: 0, scalars: [] };
  expect(effectsOf(master, says('worker-1', commit, 0))).toEqual([]);
  expect(effectsOf(master, says('worker-1', commit, 2))).toEqual([]);
  expect(effectsOf(master, says('worker-3', commit))).toEqual([]);
  const worker = preparedWorker();
  expect(effectsOf(worker, says('worker-1', commit, 0))).toEqual([]);
  expect(effectsOf(worker, says('worker-1', commit, 2))).toEqual([]);
});

const assign: Message = {
  type: 'assign',
  node: 'worker-2',
  ring: ['master', 'worker-1', 'worker-2', 'worker-3'].map((node) => ({ node, address: node })),
  index: 2,
  from: 2,
  to: 3,
  window: 2,
  clockwiseWindow: 2,
  purpose: 'train',
  run: 'a',
  layers: [2],
  training: {},
};

/** The second of three workers, ready for its first pass. */
function preparedWorker(): Worker {
  const worker = new Worker(joining('cellar'));
  worker.receive({ type: 'linked', node: 'master' });
  worker.receive({ type: 'linked', node: 'worker-1' });
  const [compute] = worker
    .receive(says('master', assign))
    .flatMap((effect) => (effect.type === 'compute' ? [effect] : []));
  const prepared = { bytes: 64, units: { inner: [1] } };
  expect(
    effectsOf(worker, { type: 'computed', work: compute!.work, result: { prepared } }),
  ).toEqual([]);
  expect(effectsOf(worker, { type: 'linked', node: 'worker-3' })).toEqual([
    { type: 'send', to: 'master', generation: 1, message: { type: 'ready', bytes: 64 } },
  ]);
  return worker;
}

test('a worker dials its clockwise neighbour and is ready when it is linked on both sides', () => {
  const worker = new Worker(joining('cellar'));
  expect(effectsOf(worker, { type: 'linked', node: 'master' })).toMatchObject([
    { type: 'send', to: 'master', generation: 0, message: { type: 'join' } },
  ]);
  expect(effectsOf(worker, says('master', assign))).toMatchObject([
    { type: 'connect', node: 'worker-3', address: 'worker-3', self: 'worker-2', generation: 1 },
    { type: 'compute', work: { kind: 'prepare', stages: [{ place: 'inner', from: 2, to: 3 }] } },
  ]);
  preparedWorker();
});

test.each<[string, NodeId, Message]>([
  ['a second assignment', 'master', assign],
  ['an assignment by a neighbour', 'worker-1', assign],
  ['an activation from the wrong side', 'worker-3', activation],
  ['a pass that does not begin at its beginning', 'worker-1', { ...activation, microbatch: 1 }],
  [
    'a gradient before its activation',
    'worker-3',
    { type: 'gradient', pass: 0, microbatch: 0, payload },
  ],
  ['credit from the wrong side', 'worker-1', { type: 'credit', pass: 0, upTo: 2 }],
  ['finished from the wrong side', 'worker-1', { type: 'finished', pass: 0, squaredNorms: [0] }],
  [
    'a commit before it has finished',
    'worker-1',
    { type: 'commit', pass: 0, step: 0, scalars: [] },
  ],
  ['to give up a layer to a neighbour', 'worker-1', { type: 'collect', layer: 2, pass: 0 }],
  ['to take a layer from a neighbour', 'worker-1', { type: 'load', layer: 2, payload }],
  ['a copy from its clockwise side', 'worker-3', { type: 'replica', step: 1, layer: 3, payload }],
  ['a copy from the master', 'master', { type: 'replica', step: 1, layer: 1, payload }],
  ['to restore for a neighbour', 'worker-1', { type: 'restore', step: 1, layer: 2 }],
  ['to drop copies for a neighbour', 'worker-1', { type: 'retain', from: 1 }],
  ['what is for masters', 'master', { type: 'ready', bytes: 0 }],
])(
  'a worker refuses %s, tells the master why, and ends when it has answered',
  (_, from, message) => {
    const worker = preparedWorker();
    const end = refusal(from, message);
    const { code, reason } = ends([end])[0]!.error!;
    expect(effectsOf(worker, says(from, message))).toEqual([
      {
        type: 'send',
        to: 'master',
        generation: 1,
        message: { type: 'failed', code, message: reason },
      },
    ]);
    expect(effectsOf(worker, { type: 'unlinked', node: 'worker-1', reason: 'it left' })).toEqual(
      [],
    );
    expect(effectsOf(worker, says('master', { type: 'failed', code, message: 'x' }))).toEqual([
      end,
    ]);
    expect(effectsOf(worker, { type: 'stop' })).toEqual([]);
  },
);

test('a second pass does not begin before the first is done', () => {
  const worker = preparedWorker();
  expect(effectsOf(worker, says('worker-1', activation))).toMatchObject([
    { type: 'compute', work: { kind: 'forward', place: 'inner' } },
  ]);
  const second = { ...activation, pass: 2 };
  expect(effectsOf(worker, says('worker-1', second))).toMatchObject([
    { type: 'send', to: 'master', message: { type: 'failed', code: 'PROTOCOL' } },
  ]);
});

test('a worker that loses a neighbour names it and leaves the rest to the master', () => {
  const worker = preparedWorker();
  const lost = {
    type: 'failed',
    code: 'NODE_LOST',
    message: 'it broke',
    node: 'worker-3',
  } as const;
  expect(effectsOf(worker, { type: 'unlinked', node: 'worker-3', reason: 'it broke' })).toEqual([
    { type: 'send', to: 'master', generation: 1, message: lost },
  ]);
  expect(effectsOf(worker, { type: 'unlinked', node: 'worker-9', reason: 'it broke' })).toEqual([]);
  expect(effectsOf(worker, says('master', { type: 'end' }))).toEqual([{ type: 'end' }]);
});

test('a worker ends when its master is gone', () => {
  const unlinked = { type: 'unlinked', node: 'master', reason: 'it broke' } as const;
  const error = { code: 'NODE_LOST', reason: 'the master is gone: it broke' } as const;
  expect(effectsOf(preparedWorker(), unlinked)).toEqual([{ type: 'end', error }]);
});

test('a worker that is assigned anew drops what was under way and keeps the links that it can', () => {
  const worker = preparedWorker();
  worker.receive(says('worker-1', activation));
  const ring = ['master', 'worker-2', 'worker-3'].map((node) => ({ node, address: node }));
  const anew: Message = { ...assign, ring, index: 1 };
  expect(effectsOf(worker, says('master', anew, 2))).toMatchObject([
    { type: 'compute', work: { kind: 'prepare' } },
  ]);
  const forward = { kind: 'forward', place: 'inner', of } as const;
  // The engine still does what it was given; frames of the old ring are nobody's.
  expect(effectsOf(worker, { type: 'computed', work: forward, result: { payload } })).toEqual([]);
  expect(effectsOf(worker, says('worker-1', activation))).toEqual([]);
});

test('whatever ring a copy was made for, the master is told when it is kept', () => {
  const worker = preparedWorker();
  expect(effectsOf(worker, { type: 'kept', step: 4, layer: 1 })).toEqual([
    { type: 'send', to: 'master', generation: 1, message: { type: 'holds', step: 4, layer: 1 } },
  ]);
});

test('a copy that the worker does not have is absent', () => {
  const worker = preparedWorker();
  const at = { step: 4, layer: 2 };
  expect(effectsOf(worker, says('master', { type: 'restore', ...at }))).toEqual([
    { type: 'recall', run: 'a', ...at },
  ]);
  expect(effectsOf(worker, { type: 'recalled', ...at })).toEqual([
    { type: 'send', to: 'master', generation: 1, message: { type: 'absent', ...at } },
  ]);
});
