/** The tensors that a message carries. Nodes pass them on unseen; only their size matters to a schedule. */
export interface Payload {
  readonly bytes: number;
  /** Says that its bytes are read no more; absent where nobody waits for their memory. */
  release?(): void;
}
