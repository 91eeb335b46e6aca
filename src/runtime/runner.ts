// Runs a node on real ports: effects become frames, engine work and files; what comes of them becomes
// events. One event at a time, each carried out before the next is looked at.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Executor, Node, NodeId, Report } from '../node.ts';
import type { Link } from '../ports.ts';
import { decodeMessage, encodeMessage } from '../protocol/codec.ts';
import { Peers } from './peers.ts';
import type { PeerRecording } from './peers.ts';
import type { Recorder } from './recorder.ts';
import type { SnapshotStore } from './snapshots.ts';
import { Stores } from './stores.ts';
import type { LayerStore } from './stores.ts';

export type { LayerStore } from './stores.ts';

export interface RunnerPorts {
  readonly node: Node;
  readonly executor: Executor;
  /** Without one, checkpoints are not kept. */
  readonly store?: LayerStore;
  /** Without one, copies of layers are in memory. */
  readonly snapshots?: SnapshotStore;
  /** Opens an admitted link to a neighbour. */
  readonly connect?: (address: string) => Promise<Link>;
  readonly report?: (report: Report) => void;
  readonly recorder?: Recorder;
  /** On a master: entries are wanted of all nodes, for a trace. */
  readonly trace?: boolean;
}

/** The node's work is done when `ended` settles; it rejects with the error that ended it. */
export class NodeRunner {
  readonly ended: Promise<void>;
  readonly #ports: RunnerPorts;
  readonly #peers: Peers;
  readonly #stores: Stores;
  readonly #events: Event[] = [];
  #turning = false;
  #over = false;
  #guests = 0;
  /** Neighbours to whom a link is being opened. */
  readonly #dialling = new Set<NodeId>();
  #end!: (error: unknown) => void;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
    this.#stores = new Stores(ports.store, ports.snapshots);
    this.#peers = new Peers(ports.recorder, ports.trace ?? false);
    this.ended = new Promise((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  /** What each worker has recorded; complete when `ended` has settled. */
  get recordings(): readonly PeerRecording[] {
    return this.#peers.recordings;
  }

  /** Brings an event from outside: `start`, `stop`, `save`, `replicate`. */
  post(event: Event): void {
    this.#events.push(event);
    if (this.#turning) return;
    this.#turning = true;
    for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#turn(next);
    this.#turning = false;
  }

  #turn(event: Event): void {
    const effects = this.#orFail(() => this.#ports.node.receive(event)) ?? [];
    for (const effect of effects) this.#orFail(() => this.#carryOut(effect));
  }

  /** What cannot be done at all, the node is told. */
  #orFail<Value>(act: () => Value): Value | undefined {
    try {
      return act();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** A worker's link to its master, already admitted. */
  addMaster(link: Link): void {
    this.#addLink(masterId, link);
  }

  /**
   * A link that a guest opened, already admitted. Its first message says what it is: a worker that
   * joins gets a name of its own, a neighbour introduces itself by the name that the master gave it.
   */
  addGuest(link: Link): void {
    link.onFrame((frame) => {
      try {
        const { message } = decodeMessage(frame);
        if (message.type === 'introduce') return this.#addLink(message.node, link);
        if (message.type !== 'join')
          throw new RingError('PROTOCOL', 'a guest did not say what it is');
        this.#guests += 1;
        this.#addLink(`worker-${this.#guests}`, link);
        this.#arrived(`worker-${this.#guests}`, frame);
        this.#peers.joined(`worker-${this.#guests}`);
      } catch {
        void link.close();
      }
      return undefined;
    });
  }

  #addLink(node: NodeId, link: Link): void {
    // Whoever comes when all is over would be waited for without end.
    if (this.#over || this.#peers.has(node)) {
      void link.close();
      return;
    }
    this.#peers.add(node, link);
    link.onClose((error) => {
      this.#peers.remove(node);
      if (!this.#over) this.post({ type: 'unlinked', node, reason: error?.message ?? 'it left' });
    });
    link.onFrame((frame, release) => this.#arrived(node, frame, release));
    this.post({ type: 'linked', node });
  }

  #arrived(from: NodeId, frame: Uint8Array, release?: () => void): void {
    this.#orFail(() => {
      const { recorder } = this.#ports;
      const at = recorder?.now() ?? 0;
      const { generation, message } = decodeMessage(frame);
      if ('payload' in message && release) message.payload.release = release;
      if (this.#peers.take(from, message, at)) return;
      recorder?.received(from, message, frame.length, at);
      this.post({ type: 'message', from, generation, message });
    });
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(effect);
      case 'compute':
        this.#ports.recorder?.given(effect.work);
        return this.#later(this.#ports.executor.run(effect.work), (result) => {
          const seconds = this.#ports.recorder?.computed(effect.work);
          const timed = seconds === undefined ? result : { ...result, seconds };
          return { type: 'computed', work: effect.work, result: timed };
        });
      case 'connect':
        return this.#connect(effect);
      case 'store':
        this.#ports.recorder?.pause(true);
        return this.#later(this.#stores.carryOut(effect), (event) => event);
      case 'fetch':
      case 'discard':
      case 'keep':
      case 'recall':
      case 'drop':
        return this.#later(this.#stores.carryOut(effect), (event) => event);
      case 'report':
        return this.#ports.report?.(effect.report);
      case 'wait':
        return this.#ports.recorder?.waits(effect.cause);
      case 'committed':
        return this.#ports.recorder?.committed(effect.step);
      case 'end':
        return this.#finish(effect.error && new RingError(effect.error.code, effect.error.reason));
    }
  }

  #send(effect: Extract<Effect, { type: 'send' }>): void {
    // A link that is gone has been, or is about to be, told to the node by its closing.
    const { message } = effect;
    const sending = this.#peers.send(effect);
    if (!('payload' in message)) return void sending?.catch(() => undefined);
    const release = (): void => message.payload.release?.();
    if (!sending) return release();
    return void sending.then(() => {
      release();
      return !this.#over && this.post({ type: 'sent', message });
    }, release);
  }

  #connect({ node, address, self, generation }: Extract<Effect, { type: 'connect' }>): void {
    if (this.#dialling.has(node)) return;
    this.#dialling.add(node);
    this.#dial(address, self, generation)
      .finally(() => this.#dialling.delete(node))
      .then(
        (link) => this.#addLink(node, link),
        (error: unknown) => {
          if (error instanceof RingError)
            this.#told({ type: 'unlinked', node, reason: error.message });
          else this.#failed(error);
        },
      );
  }

  async #dial(address: string, self: NodeId, generation: number): Promise<Link> {
    const link = await this.#ports.connect!(address);
    await link.send(encodeMessage(generation, { type: 'introduce', node: self, generation }));
    return link;
  }

  #later<Value>(promise: Promise<Value>, event?: (value: Value) => Event | undefined): void {
    promise.then(
      (value) => this.#told(event?.(value)),
      (error: unknown) => this.#failed(error),
    );
  }

  #told(event: Event | undefined): void {
    if (event && !this.#over) this.post(event);
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    if (error instanceof RingError)
      this.post({ type: 'failed', code: error.code, reason: error.message });
    else this.#finish(error);
  }

  #finish(error?: unknown): void {
    this.#over = true;
    const end = (): void => this.#end(error);
    this.#peers.close().then(end, end);
  }
}
