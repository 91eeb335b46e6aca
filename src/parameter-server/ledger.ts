// What every key's ledger has to do, whatever the consistency, and what it does that by.

import type { NodeId, Payload, ShardWork } from '../node.ts';
import type { Crew } from './crew.ts';

export interface Answer {
  readonly node: NodeId;
  /** Of the push that is answered: how many updates came between its worker's pull and it. */
  readonly staleness?: number | undefined;
}

/** What the ledgers of a shard share. */
export interface LedgerContext {
  readonly crew: Crew;
  /** The optimizer's scalars of an update, once the master has sent them. */
  readonly scalars: (update: number) => readonly number[] | undefined;
  readonly compute: (work: ShardWork) => void;
  readonly answer: (key: number, to: Answer, updates: number, value: Payload) => void;
}

/** The books of one key: whose gradients have come, which updates are made, who is owed the parameters. */
export interface Ledger {
  /** How many updates the key has had. */
  readonly updates: number;
  push(from: NodeId, step: number, payload: Payload): void;
  /** `from` wants the parameters as soon as they have had so many updates. */
  pull(from: NodeId, updates: number): void;
  applied(value: Payload): void;
  valued(value: Payload): void;
  /** Does what follows from what is known by now. */
  advance(): void;
}
