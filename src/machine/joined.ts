// What every device that joined a master does, whatever it is to become: it asks to be let in, ends when
// the master does, and tells the master why when it cannot go on. The rest is its part.

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { EndError } from './boundary.ts';
import { Outbox } from './outbox.ts';

/** Each may throw a RingError, which ends the device. */
export interface JoinedPart {
  message(from: NodeId, generation: number, message: Message): void;
  computed(work: Work, result: WorkResult): void;
  /** The bytes of a message have left. */
  sent?(message: Message): void;
  /** The link to somebody else than the master has ended. */
  unlinked(node: NodeId, reason: string): void;
  /** Does everything that follows from what is known by now. */
  advance(): void;
}

export class Joined implements Node {
  readonly outbox: Outbox;
  readonly #join: MessageOf<'join'>;
  readonly #part: JoinedPart;
  readonly #linked = new Set<NodeId>();
  #isOver = false;

  /** `join` says what this device is and can do. */
  constructor(join: MessageOf<'join'>, outbox: Outbox, part: JoinedPart) {
    this.#join = join;
    this.outbox = outbox;
    this.#part = part;
  }

  receive(event: Event): readonly Effect[] {
    if (this.#isOver) return [];
    try {
      this.#take(event);
      if (!this.#isOver) this.#part.advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.fail(error.code, error.message);
    }
    return this.outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'linked':
        this.#linked.add(event.node);
        if (event.node === masterId) this.outbox.send(masterId, this.#join);
        return undefined;
      case 'unlinked':
        this.#linked.delete(event.node);
        if (event.node !== masterId) return this.#part.unlinked(event.node, event.reason);
        return this.end({ code: 'NODE_LOST', reason: `the master is gone: ${event.reason}` });
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'sent':
        return this.#part.sent?.(event.message);
      case 'computed':
        return this.#part.computed(event.work, event.result);
      case 'failed':
        return this.fail(event.code, event.reason);
      case 'stop':
        return this.fail('INTERRUPTED', `${this.#join.name} was stopped by its user`);
      default:
        return undefined;
    }
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (from !== masterId) return this.#part.message(from, generation, message);
    if (message.type === 'end') return this.end();
    if (message.type === 'failed') return this.end({ code: message.code, reason: message.message });
    return this.#part.message(from, generation, message);
  }

  isLinkedTo(nodes: readonly NodeId[]): boolean {
    return nodes.every((node) => this.#linked.has(node));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** It cannot go on, and the master is told why. */
  fail(code: ErrorCode, reason: string): void {
    this.outbox.send(masterId, { type: 'failed', code, message: reason });
    this.end({ code, reason });
  }

  end(error?: EndError): void {
    this.#isOver = true;
    this.outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
