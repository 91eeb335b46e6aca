// A device that joined: it asks to be let in, is told what it is, and from then on does what the messages
// for its parts say.

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { parseRingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { notDue } from '../machine/not-due.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Device } from './device.ts';
import { Post } from './post.ts';

export class Member implements Node {
  readonly #join: MessageOf<'join'>;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #linked = new Set<NodeId>();
  #appointed: MessageOf<'appoint'> | undefined;
  #post: Post | undefined;
  #device: Device | undefined;
  #readySent = false;
  #over = false;

  /** `join` says what this device is and can do. */
  constructor(join: MessageOf<'join'>) {
    this.#join = join;
  }

  receive(event: Event): readonly Effect[] {
    if (this.#over) return [];
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#fail(error.code, error.message);
    }
    return this.#outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'linked':
        this.#linked.add(event.node);
        if (event.node === masterId) this.#outbox.send(masterId, this.#join);
        break;
      case 'unlinked':
        this.#unlinked(event.node, event.reason);
        break;
      case 'message':
        this.#message(event.from, event.generation, event.message);
        break;
      case 'computed':
        if (!isPastQueue(event.work.kind)) this.#works.done(event.work);
        this.#device?.computed(event.work, event.result);
        break;
      case 'failed':
        this.#fail(event.code, event.reason);
        break;
      case 'stop':
        this.#fail('INTERRUPTED', `${this.#join.name} was stopped by its user`);
        break;
      default:
        break;
    }
  }

  /** What becomes of the run without a neighbour, the master decides. */
  #unlinked(node: NodeId, reason: string): void {
    if (node === masterId)
      return this.#end({ code: 'NODE_LOST', reason: `the master is gone: ${reason}` });
    if (!this.#appointed?.links.includes(node)) return undefined;
    const message = `lost the link to ${node}: ${reason}`;
    return this.#outbox.send(masterId, { type: 'failed', code: 'NODE_LOST', message, node });
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'appoint') return this.#appoint(from, generation, message);
    if (message.type === 'end' && from === masterId) return this.#end();
    if (message.type === 'failed' && from === masterId)
      return this.#end({ code: message.code, reason: message.message });
    if (generation !== this.#outbox.generation) return undefined;
    if (!this.#device?.take(from, message)) throw notDue(from, message);
  }

  #appoint(from: NodeId, generation: number, message: MessageOf<'appoint'>): void {
    if (from !== masterId || this.#appointed) throw notDue(from, message);
    const training = parseRingTraining(message.training);
    this.#appointed = message;
    this.#outbox.generation = generation;
    this.#post = new Post(message.node, this.#outbox);
    this.#device = new Device(message, training, {
      post: this.#post,
      outbox: this.#outbox,
      works: this.#works,
    });
    this.#device.prepare(message.training);
    for (const { node, address } of message.dial)
      this.#outbox.add({ type: 'connect', node, address, self: message.node, generation });
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    this.#sayReady();
    this.#device?.advance();
    this.#post?.deliver((message) => {
      this.#device!.take(this.#appointed!.node, message);
      this.#device!.advance();
    });
    if (this.#over) return;
    this.#works.fill(
      () => this.#device?.nextWork(),
      () => this.#device?.awaits ?? 'start',
    );
  }

  #sayReady(): void {
    if (this.#readySent || !this.#device?.isPrepared) return;
    if (!this.#appointed!.links.every((node) => this.#linked.has(node))) return;
    this.#readySent = true;
    this.#outbox.send(masterId, { type: 'ready', bytes: this.#device.bytes });
  }

  #fail(code: ErrorCode, reason: string): void {
    this.#outbox.send(masterId, { type: 'failed', code, message: reason });
    this.#end({ code, reason });
  }

  #end(error?: { code: ErrorCode; reason: string }): void {
    this.#over = true;
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}

/** Works that are given past the queue: a shard's, and parameters written, for which nobody has to wait. */
export const isPastQueue = (kind: string): boolean =>
  ['gather', 'measure', 'apply', 'value', 'surrender', 'writeSlices'].includes(kind);
