// Messages to frames and back. What comes out of `decodeMessage` has been held against its schema.

import { RingError } from '../errors.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { messageKinds, tensorPayload } from './messages.ts';
import type { Message, MessageType, TensorPayload } from './messages.ts';

/** A message as it came off a link. */
export interface Received {
  /** Which forming of the ring it belongs to. */
  readonly generation: number;
  readonly message: Message<TensorPayload>;
}

const typeOfWire = new Map<number, MessageType>(
  Object.entries(messageKinds).map(([type, { wire }]) => [wire, type as MessageType]),
);

/** The frame of a message, in parts; the tensors' bytes are among them, not copied. Errors: PROTOCOL. */
export function encodeMessage(generation: number, message: Message<TensorPayload>): Uint8Array[] {
  const { type, payload, ...fields } = message as Message<TensorPayload> & {
    readonly payload?: TensorPayload;
  };
  const tensors = payload?.tensors ?? [];
  return encodeFrame({ type: messageKinds[type].wire, generation, fields, tensors });
}

/** Reads a frame's message; its tensors are views into the frame. Errors: VERSION, PROTOCOL. */
export function decodeMessage(bytes: Uint8Array): Received {
  const { type: wire, generation, fields, tensors } = decodeFrame(bytes);
  const type = typeOfWire.get(wire);
  if (type === undefined) {
    throw new RingError('PROTOCOL', `the peer sent a message of the unknown kind ${wire}`);
  }
  const kind = messageKinds[type];
  const checked = kind.fields.safeParse(fields);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const where = [type, ...(issue?.path ?? [])].join('.');
    throw new RingError('PROTOCOL', `the peer sent a bad message: ${where}: ${issue?.message}`);
  }
  if (!kind.tensors && tensors.length > 0) {
    throw new RingError('PROTOCOL', `the peer sent tensors with "${type}", which carries none`);
  }
  const payload = kind.tensors ? { payload: tensorPayload(tensors) } : undefined;
  return {
    generation,
    message: { type, ...checked.data, ...payload } as Message<TensorPayload>,
  };
}
