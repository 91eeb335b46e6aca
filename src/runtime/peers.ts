// A runner's links to other nodes, and what runners say to each other beside their nodes: how far their
// clocks are apart, when training stands still, and at the end what each has recorded.

import type { ClockOffset } from '../meter/clock.ts';
import { masterId } from '../node.ts';
import type { Effect, Message, NodeId } from '../node.ts';
import type { Link } from '../ports.ts';
import { encodeMessage } from '../protocol/codec.ts';
import type { TensorPayload, Message as WireMessage } from '../protocol/messages.ts';
import { Clocks } from './clocks.ts';
import type { Recorder } from './recorder.ts';

type Send = Extract<Effect, { type: 'send' }>;

/** How long a master waits for its workers' last words. */
const lastWordsMilliseconds = 2000;

/** What a worker has recorded, not yet validated, and what to add to this clock's time for its. */
export interface PeerRecording {
  readonly node: NodeId;
  readonly recording: unknown;
  readonly offset: ClockOffset;
}

export class Peers {
  readonly #links = new Map<NodeId, Link>();
  readonly #recorder: Recorder | undefined;
  readonly #clocks: Clocks | undefined;
  readonly #recordings = new Map<NodeId, unknown>();

  /** `trace`: on a master, entries are wanted of all nodes. */
  constructor(recorder: Recorder | undefined, trace: boolean) {
    this.#recorder = recorder;
    if (!recorder) return;
    recorder.keepsEntries = trace;
    recorder.onPause = (isPaused) => this.#tellPause(isPaused);
    this.#clocks = new Clocks(
      () => recorder.now(),
      trace,
      (to, message) => this.#tell(to, message),
    );
  }

  has(node: NodeId): boolean {
    return this.#links.has(node);
  }

  add(node: NodeId, link: Link): void {
    this.#links.set(node, link);
  }

  remove(node: NodeId): void {
    this.#links.delete(node);
  }

  /**
   * Carries out a node's send; settles when its bytes may be reused. Undefined where the link is gone.
   * Errors, at once: PROTOCOL for a message that no frame holds.
   */
  send(effect: Send): Promise<void> | undefined {
    const link = this.#links.get(effect.to);
    if (!link || !this.#recorder) return link?.send(encodeSend(effect), urgencyOf(effect));
    return recordedSend(link, effect, this.#recorder);
  }

  /** A worker has joined: its clock is asked for. */
  joined(node: NodeId): void {
    this.#clocks?.ask(node);
  }

  /** Takes a message that is between runners; false for one that is the node's. */
  take(from: NodeId, message: Message, received: number): boolean {
    const recorder = this.#recorder;
    if (message.type === 'clock') {
      if (!recorder || from !== masterId) return true;
      recorder.keepsEntries = message.trace;
      const { sent } = message;
      this.#tell(from, { type: 'clockAnswer', sent, received, answered: recorder.now() });
    } else if (message.type === 'pause') {
      if (from === masterId) recorder?.pause(message.isPaused);
    } else if (message.type === 'clockAnswer') this.#clocks?.answered(from, message);
    else if (message.type === 'metered') {
      const { type: _, ...recording } = message;
      this.#recordings.set(from, recording);
    } else return false;
    return true;
  }

  get recordings(): readonly PeerRecording[] {
    return [...this.#recordings].map(([node, recording]) => ({
      node,
      recording,
      offset: this.#clocks!.offsetOf(node),
    }));
  }

  /** Exchanges last words and closes all links. */
  async close(): Promise<void> {
    if (this.#recorder && this.has(masterId)) {
      const { entries, ...recording } = this.#recorder.recording;
      this.#tell(masterId, { type: 'metered', ...recording, entries: [...entries] });
    } else if (this.#clocks) await this.#lastWords();
    await Promise.allSettled([...this.#links.values()].map((link) => link.close()));
  }

  /** Until every worker has told what it recorded and left, or is too late. */
  async #lastWords(): Promise<void> {
    if (this.#links.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lastWordsMilliseconds);
    });
    const left = [...this.#links.values()].map(
      (link) => new Promise<void>((resolve) => link.onClose(() => resolve())),
    );
    await Promise.race([late, Promise.all(left)]);
    clearTimeout(timer);
  }

  /** A master leads through tests and checkpoints, in which not every worker has a part. */
  #tellPause(isPaused: boolean): void {
    if (this.has(masterId)) return;
    for (const node of this.#links.keys()) this.#tell(node, { type: 'pause', isPaused });
  }

  #tell(to: NodeId, message: Message): void {
    const link = this.#links.get(to);
    link?.send(encodeMessage(0, message as WireMessage<TensorPayload>)).catch(() => undefined);
  }
}

const encodeSend = ({ generation, message }: Send): Uint8Array[] =>
  encodeMessage(generation, message as WireMessage<TensorPayload>);

const urgencyOf = ({ background }: Send): 'background' | undefined => background && 'background';

function recordedSend(link: Link, effect: Send, recorder: Recorder): Promise<void> {
  const { to, message } = effect;
  const start = recorder.now();
  const parts = encodeSend(effect);
  recorder.note({ type: 'serialise', seconds: recorder.now() - start, at: start });
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return link.send(parts, urgencyOf(effect)).then(() => {
    const end = recorder.now();
    return recorder.note({ type: 'send', to, message: message.type, bytes, start, end });
  });
}
