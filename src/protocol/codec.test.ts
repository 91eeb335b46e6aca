import { describe, expect, test } from 'vitest';

import { decodeMessage, encodeMessage } from './codec.ts';
import { encodeFrame } from './frame.ts';
import { messageKinds, tensorPayload } from './messages.ts';
import type { Message, TensorPayload } from './messages.ts';

const payload = tensorPayload([
  { name: 'x1', type: { type: 'float32', shape: [2, 2] }, bytes: new Uint8Array(16).fill(3) },
]);

const messages: Message<TensorPayload>[] = [
  {
    type: 'join',
    name: 'pi',
    cores: 4,
    memoryBytes: 2 ** 32,
    engine: { kind: 'wasm', name: 'wasm (SIMD)', threads: 1 },
    flops: 2.5e10,
    address: '192.168.1.7:40112',
    version: '0.1.0',
    run: 'a1',
    holds: [{ step: 8, layers: [2, 3] }],
  },
  {
    type: 'assign',
    node: 'w1',
    ring: [
      { node: 'master', address: '192.168.1.2:7000' },
      { node: 'w1', address: '192.168.1.7:40112' },
    ],
    index: 1,
    from: 2,
    to: 4,
    window: 3,
    clockwiseWindow: 2,
    purpose: 'train',
    run: 'a1',
    layers: [2, 3],
    training: { model: [{ layer: 'relu' }] },
  },
  { type: 'introduce', node: 'w1', generation: 1 },
  { type: 'ready', bytes: 8000 },
  {
    type: 'activation',
    pass: 9,
    step: 7,
    mode: 'train',
    microbatch: 1,
    of: 4,
    rows: 2,
    position: 2,
    payload,
  },
  { type: 'gradient', pass: 9, microbatch: 1, payload },
  { type: 'credit', pass: 9, upTo: 3 },
  { type: 'finished', pass: 9, squaredNorms: [0, 0.1, null], seconds: [0.5, 2] },
  { type: 'commit', pass: 9, step: 7, scalars: [0.1, -0.5], snapshot: true },
  { type: 'collect', layer: 2, pass: 3 },
  { type: 'parameters', layer: 2, payload },
  { type: 'load', layer: 2, payload },
  { type: 'loaded', layer: 2 },
  { type: 'failed', code: 'NODE_LOST', message: 'it left', node: 'worker-2' },
  { type: 'end' },
  { type: 'clock', sent: 1.5, trace: true },
  { type: 'clockAnswer', sent: 1.5, received: 7.25, answered: 7.5 },
  { type: 'metered', figures: { node: 'w1' }, usage: {}, entries: [] },
  { type: 'replica', step: 8, layer: 2, payload },
  { type: 'holds', step: 8, layer: 2 },
  { type: 'retain', from: 8 },
  { type: 'restore', step: 8, layer: 2 },
  { type: 'recall', step: 8, layer: 2 },
  { type: 'absent', step: 8, layer: 2 },
  { type: 'pause', isPaused: true },
  {
    type: 'enrol',
    node: 'w1',
    group: [
      { node: 'master', address: '' },
      { node: 'w1', address: '192.168.1.7:40112' },
    ],
    index: 1,
    step: 3,
    rows: 16,
    microbatches: 2,
    training: { model: [{ layer: 'relu' }] },
  },
  { type: 'samples', payload },
  { type: 'kept' },
  { type: 'partOfLoss', step: 7, loss: null },
  { type: 'begin', step: 7, rows: 64 },
  { type: 'reduce', step: 7, bucket: 2, chunk: 1, hop: 3, payload },
  {
    type: 'appoint',
    node: 'w1',
    servers: ['w1', 'w2'],
    shard: 0,
    isWorker: true,
    dial: [{ node: 'w2', address: '192.168.1.8:40112' }],
    links: ['w2'],
    consistency: { kind: 'ssp', bound: 2 },
    clips: false,
    updates: 6,
    rows: 16,
    microbatches: 2,
    training: { model: [{ layer: 'relu' }] },
  },
  { type: 'push', key: 3, step: 7, payload },
  { type: 'pull', key: 3, updates: 8 },
  { type: 'pulled', key: 3, updates: 8, staleness: 1, payload },
  { type: 'measured', key: 3, step: 7, squaredNorm: null },
  { type: 'scalars', update: 8, scalars: [[0.1, 1]] },
  { type: 'crew', from: 7, upTo: 9, workers: ['master', 'w1'] },
  { type: 'dropped', node: 'w2' },
  { type: 'settled', step: 7, pushes: 3, staleness: 2, stalest: 1 },
];

const encode = (message: Message<TensorPayload>): Uint8Array =>
  new Uint8Array(Buffer.concat(encodeMessage(3, message)));

describe('messages', () => {
  test.each(messages.map((message) => [message.type, message] as const))(
    '%s comes back as it was',
    (_, message) => {
      expect(decodeMessage(encode(message))).toEqual({ generation: 3, message });
    },
  );

  test('are all among the examples, each with a number of its own', () => {
    expect(messages.map(({ type }) => type)).toEqual(Object.keys(messageKinds));
    const numbers = Object.values(messageKinds).map(({ wire }) => wire);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('whose numbers are not finite do not become valid by travelling', () => {
    const message = { type: 'commit', pass: 1, step: 1, scalars: [Number.NaN] } as const;
    expect(() => decodeMessage(encode({ ...message, scalars: [Number.NaN] }))).toThrow(
      /commit\.scalars\.0/,
    );
  });

  const { collect, credit, failed, introduce } = messageKinds;

  test.each<[string, number, Record<string, unknown>, TensorPayload['tensors']?]>([
    ['unknown kind', 999, {}],
    ['field missing', collect.wire, {}],
    ['below its bounds', collect.wire, { layer: -1, pass: 3 }],
    ['above its bounds', credit.wire, { pass: 2 ** 60, upTo: 1 }],
    ['field too many', collect.wire, { layer: 1, pass: 3, more: true }],
    ['tensors where none belong', collect.wire, { layer: 1, pass: 3 }, payload.tensors],
    ['unknown code', failed.wire, { code: 'NOPE', message: '' }],
    ['empty name', introduce.wire, { node: '', generation: 0 }],
  ])('are refused when bad: %s', (_, type, fields, tensors = []) => {
    const parts = encodeFrame({ type, generation: 0, fields, tensors });
    expect(() => decodeMessage(new Uint8Array(Buffer.concat(parts)))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    );
  });
});
