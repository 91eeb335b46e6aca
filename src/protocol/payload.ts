/** The tensors that a message carries. Nodes pass them on unseen; only their size matters to a schedule. */
export interface Payload {
  readonly bytes: number;
  /** Says that its bytes are read no more; absent where nobody waits for their memory. */
  release?(): void;
}

/** The same payload for each of so many readers: its memory is free when all have released it. */
export function shared(payload: Payload, readers: number): readonly Payload[] {
  if (readers === 0) payload.release?.();
  if (!payload.release) return Array.from({ length: readers }, () => payload);
  let reading = readers;
  const release = (): void => {
    reading -= 1;
    if (reading === 0) payload.release!();
  };
  return Array.from({ length: readers }, () => ({ ...payload, release }));
}
