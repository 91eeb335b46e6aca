// Frames of a real run, costs only, and what becomes of them when they are damaged.

import type { Event, Message, NodeId } from '../../src/node.ts';
import { encodeMessage } from '../../src/protocol/codec.ts';
import { prefixBytes } from '../../src/protocol/frame.ts';
import { tensorPayload } from '../../src/protocol/messages.ts';
import type { Message as MessageOn, TensorPayload } from '../../src/protocol/messages.ts';
import { simulate } from '../../src/simulator/simulator.ts';
import { costedDevices } from '../ring/costed-ring.ts';
import type { CostedRing } from '../ring/costed-ring.ts';
import { below, damageBytes, damageJson, oneOf } from './chance.ts';
import type { Chance } from './chance.ts';

export const ring: CostedRing = {
  nodes: 3,
  microbatches: 3,
  groups: [2, 1],
  steps: 3,
  testCount: 12,
};

/** What each node of a ring is told, from the start to the end of a short training. */
export async function recordedEvents(): Promise<ReadonlyMap<NodeId, readonly Event[]>> {
  const events = new Map<NodeId, Event[]>();
  await simulate({
    devices: costedDevices(ring),
    link: () => ({ latencySeconds: 0.01, bytesPerSecond: 1e6 }),
    watch: {
      told(_, node, event) {
        events.set(node, [...(events.get(node) ?? []), event]);
      },
    },
  });
  return events;
}

type WireMessage = MessageOn<TensorPayload>;

const tensors = tensorPayload([
  { name: 'x1', type: { type: 'float32', shape: [2, 3] }, bytes: new Uint8Array(24).fill(1) },
  { name: 'x2', type: { type: 'int32', shape: [4] }, bytes: new Uint8Array(16).fill(2) },
]);

/** The frame of a message, in one piece; a payload is given tensors. */
export function frameOf(generation: number, message: Message): Uint8Array {
  const whole: WireMessage = 'payload' in message ? { ...message, payload: tensors } : message;
  return new Uint8Array(Buffer.concat(encodeMessage(generation, whole)));
}

/** A frame with damage to its bytes, or to its header, whose length is then right again. */
export function damageFrame(chance: Chance, frame: Uint8Array): Uint8Array {
  if (chance() < 0.3) return damageBytes(chance, frame);
  const view = new DataView(frame.buffer);
  const end = prefixBytes + view.getUint32(12, true);
  const header = JSON.parse(new TextDecoder().decode(frame.subarray(prefixBytes, end))) as unknown;
  let damaged = damageJson(chance, header);
  while (chance() < 0.3) damaged = damageJson(chance, damaged);
  const text = new TextEncoder().encode(JSON.stringify(damaged));
  const tensorsAt = Math.min(frame.length, Math.ceil(end / 8) * 8);
  const start = Math.ceil((prefixBytes + text.length) / 8) * 8;
  const rest = frame.subarray(tensorsAt);
  const whole = new Uint8Array(rest.length > 0 ? start + rest.length : prefixBytes + text.length);
  whole.set(frame.subarray(0, prefixBytes));
  whole.set(text, prefixBytes);
  if (rest.length > 0) whole.set(rest, start);
  const prefix = new DataView(whole.buffer);
  prefix.setUint32(12, text.length, true);
  if (chance() < 0.1) prefix.setUint16(6, below(chance, 60), true);
  if (chance() < 0.1) prefix.setUint32(8, oneOf(chance, [0, 1, 2, 3, 0xffffffff]), true);
  return whole;
}
