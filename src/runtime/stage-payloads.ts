// What crosses a cut: the payloads of messages, and the values of a stage that they hold.

import { RingError } from '../errors.ts';
import { byteLength } from '../graph/graph.ts';
import type { Microbatch, Payload } from '../node.ts';
import { tensorPayload } from '../protocol/messages.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import type { StagePlaces } from './stage-places.ts';

/** The payload's tensors by name, held against what the stage takes. Errors: PROTOCOL. */
export function givenOf(
  places: StagePlaces,
  names: readonly string[],
  of: Microbatch,
  payload: Payload,
): Record<string, Uint8Array> {
  const { tensors } = payload as TensorPayload;
  const given = Object.fromEntries(tensors.map(({ name, bytes }) => [name, bytes]));
  for (const name of names) {
    const expected = byteLength(places.typeOf(name, of.microbatch, of.rows));
    if (given[name]?.byteLength !== expected)
      throw new RingError(
        'PROTOCOL',
        `${name} of microbatch ${of.microbatch} came with ${given[name]?.byteLength ?? 0} bytes, ${expected} are expected`,
      );
  }
  return given;
}

/** The values of a microbatch that are sent on, or with `d/` their gradients that are sent back. */
export async function outputOf(
  places: StagePlaces,
  values: readonly { readonly name: string }[],
  prefix: '' | 'd/',
  { microbatch, rows }: Microbatch,
): Promise<Payload> {
  const tensors = values.map(async ({ name: value }) => {
    const name = `${prefix}${value}`;
    const type = places.typeOf(name, microbatch, rows);
    return { name, type, bytes: await places.bytesOf(name, microbatch, rows) };
  });
  return tensorPayload(await Promise.all(tensors));
}
