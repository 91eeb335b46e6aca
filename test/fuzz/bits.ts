// Whether two copies of a layer are the same, bit for bit.

import type { Payload } from '../../src/node.ts';
import type { TensorPayload } from '../../src/protocol/messages.ts';

export function areEqual(a: Payload | undefined, b: Payload | undefined): boolean {
  if (!a || !b) return false;
  const [one, other] = [a, b].map((payload) => (payload as TensorPayload).tensors);
  return (
    one!.length === other!.length &&
    one!.every(({ name, bytes }) => {
      const same = other!.find((tensor) => tensor.name === name);
      return same !== undefined && Buffer.compare(bytes, same.bytes) === 0;
    })
  );
}
