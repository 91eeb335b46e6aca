// A device that joined: it asks to be let in, is told what it is, and from then on does what the messages
// for its parts say. It may be told later to be something else: then what was under way is dropped.

import { parseRingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { OwnReplica } from '../data-parallel/own-replica.ts';
import { Joined } from '../machine/joined.ts';
import { notDue } from '../machine/not-due.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Device } from './device.ts';
import { Post } from './post.ts';

export class Member implements Node {
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #joined: Joined;
  readonly #replica = new OwnReplica(this.#works);
  #appointed: MessageOf<'appoint'> | undefined;
  #post: Post | undefined;
  #device: Device | undefined;
  #readySent = false;

  /** `join` says what this device is and can do. */
  constructor(join: MessageOf<'join'>) {
    this.#joined = new Joined(join, this.#outbox, {
      message: (from, generation, message) => this.#message(from, generation, message),
      computed: (work, result) => this.#computed(work, result),
      unlinked: (node, reason) => this.#unlinked(node, reason),
      advance: () => this.#advance(),
    });
  }

  receive(event: Event): readonly Effect[] {
    return this.#joined.receive(event);
  }

  /** What becomes of the run without a neighbour, the master decides. */
  #unlinked(node: NodeId, reason: string): void {
    if (!this.#appointed?.links.includes(node)) return undefined;
    const message = `lost the link to ${node}: ${reason}`;
    return this.#outbox.send(masterId, { type: 'failed', code: 'NODE_LOST', message, node });
  }

  #computed(work: Work, result: WorkResult): void {
    if (this.#works.done(work)) this.#device?.computed(work, result);
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'appoint') return this.#appoint(from, generation, message);
    // Samples are what they are whatever happens.
    if (generation !== this.#outbox.generation && message.type !== 'samples') return undefined;
    if (!this.#device?.take(from, message)) throw notDue(from, message);
  }

  #appoint(from: NodeId, generation: number, message: MessageOf<'appoint'>): void {
    if (from !== masterId || generation <= this.#outbox.generation) throw notDue(from, message);
    const training = parseRingTraining(message.training);
    this.#appointed = message;
    this.#outbox.generation = generation;
    this.#works.giveUp();
    this.#readySent = false;
    this.#post = new Post(message.node, this.#outbox);
    const channels = { post: this.#post, outbox: this.#outbox, works: this.#works };
    this.#device = new Device(message, training, this.#replica, channels);
    this.#device.prepare(message.training);
    for (const { node, address } of message.dial)
      if (!this.#joined.isLinkedTo([node]))
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
    if (this.#joined.isOver) return;
    this.#works.fill(
      () => this.#device?.nextWork(),
      () => this.#device?.awaits ?? 'start',
    );
  }

  #sayReady(): void {
    if (this.#readySent || !this.#device?.isPrepared) return;
    if (!this.#joined.isLinkedTo(this.#appointed!.links)) return;
    this.#readySent = true;
    this.#outbox.send(masterId, { type: 'ready', bytes: this.#device.bytes });
  }
}
