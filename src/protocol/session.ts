// One side of a session: frames between two nodes, each exactly once and in order, whatever happens to
// the connection under them. Frames are numbered and kept by their sender until the other side says
// that it has them; when a connection breaks, the side that dialled dials again, both say how far they
// have received, and what was lost is sent once more. The idea is TCP's, one floor up: a connection
// ends with a network address or a Wi-Fi station's sleep, a session does not. No input or output here.

import { RingError } from '../errors.ts';
import { PieceJoiner } from './background.ts';
import type { Settle } from './background.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing } from './outbox.ts';
import { attemptTicks, graceTicks, Pulse, ticksPerSecond } from './pulse.ts';
import { decodeSegment, encodeTrailer } from './segment.ts';

/** What a session asks of what it stands on. It may be called back from within. */
export interface SessionPorts {
  /** Sends a segment on the connection; a failure is told by `broken`. */
  transmit(parts: readonly Uint8Array[]): void;
  /** Hands over a frame; `release` says that nothing of it is read any more. */
  deliver(frame: Uint8Array, release?: () => void): void;
  /** Wants another connection: `resumed`, `dialFailed` or `end` answers. An earlier attempt is given up. */
  dial(): void;
  /** Nothing has come for so many seconds: the connection is to be ended, and `broken` called. */
  doubt(seconds: number): void;
  /** It is over; without an error if either side closed it in order. Called once. */
  ended(error?: Error): void;
}

type State =
  | { readonly kind: 'connected' }
  | { readonly kind: 'broken'; readonly cause: Error; ticks: number; dialAt: number; pause: number }
  | { readonly kind: 'ended'; readonly error: Error };

export class Session {
  /** Of frames that are put together here, from pieces. */
  maximumFrameBytes: number;
  readonly #ports: SessionPorts;
  readonly #dials: boolean;
  readonly #pulse = new Pulse();
  readonly #outbox = new Outbox();
  readonly #joiner = new PieceJoiner();
  #state: State = { kind: 'connected' };
  #received = 0;
  #owesAcknowledgement = false;

  /** `dials`: this side opened the first connection and opens the next. A session begins connected. */
  constructor(ports: SessionPorts, dials: boolean, maximumFrameBytes: number) {
    this.#ports = ports;
    this.#dials = dials;
    this.maximumFrameBytes = maximumFrameBytes;
  }

  get isConnected(): boolean {
    return this.#state.kind === 'connected';
  }

  get hasEnded(): boolean {
    return this.#state.kind === 'ended';
  }

  /** The number up to which frames and pieces have arrived, for the hello of a new connection. */
  get received(): number {
    return this.#received;
  }

  /** Something has arrived that nothing sent since has acknowledged: `acknowledge` is to be called soon. */
  get owesAcknowledgement(): boolean {
    return this.#owesAcknowledgement;
  }

  /** Everything that was to be sent has been acknowledged. */
  get isIdle(): boolean {
    return this.#outbox.isEmpty;
  }

  /** `settle` is called when the other side has the frame, whose memory is read until then; or with an error. */
  send(parts: readonly Uint8Array[], settle: Settle, urgency?: 'background'): void {
    if (this.#state.kind === 'ended') return settle(this.#state.error);
    if (urgency === 'background') this.#outbox.addBackground(parts, settle);
    else {
      const frame = this.#outbox.addFrame(parts, settle);
      if (this.isConnected) this.#transmit(frame, this.#outbox.last);
    }
    return this.#sendPieces();
  }

  /** Takes a segment from the connection; one that is not allowed ends the session with PROTOCOL. */
  arrived(segment: Uint8Array, release?: () => void): void {
    if (this.isConnected) this.#orEnd(() => this.#take(segment, release));
  }

  /** Says what has arrived, if nothing that was sent since has said it. */
  acknowledge(): void {
    if (this.#owesAcknowledgement && this.isConnected) this.#sign();
  }

  /** The connection has ended without having been closed in order. */
  broken(cause: Error): void {
    if (this.#state.kind !== 'connected') return;
    const dialAt = this.#dials ? attemptTicks : Infinity;
    this.#state = { kind: 'broken', cause, ticks: 0, dialAt, pause: 1 };
    if (this.#dials) this.#ports.dial();
  }

  /** The connection that was dialled could not be opened or resumed, for now. */
  dialFailed(): void {
    const state = this.#state;
    if (state.kind !== 'broken') return;
    state.dialAt = Math.min(state.dialAt, state.ticks + state.pause);
    state.pause *= 2;
  }

  /** Whether the other side can go on from there: it has all that it ever acknowledged. */
  canResume(theirReceived: number): boolean {
    return theirReceived >= this.#outbox.acknowledged;
  }

  /** There is a new connection, over which the other side says how far it has received. */
  resumed(theirReceived: number): void {
    if (this.#state.kind === 'ended') return;
    this.#state = { kind: 'connected' };
    this.#pulse.begin();
    this.#orEnd(() => {
      if (!this.canResume(theirReceived))
        throw refusal(`a resumption after number ${theirReceived}, which was acknowledged`);
      this.#settleUpTo(theirReceived);
      const first = this.#outbox.acknowledged + 1;
      for (const [i, each] of [...this.#outbox.underWay].entries()) this.#transmit(each, first + i);
      this.#sendPieces();
    });
  }

  /** Ends the session, in order or with what was wrong; what was not acknowledged is refused. */
  end(error?: Error, refusal: Error = error ?? closed()): void {
    if (this.#state.kind === 'ended') return;
    this.#state = { kind: 'ended', error: refusal };
    this.#outbox.fail(refusal);
    this.#ports.ended(error);
  }

  /** Time passes, as often as `ticksPerSecond` says; `heardBytes` as `Pulse.tick` takes it. */
  tick(heardBytes: number | undefined): void {
    const state = this.#state;
    if (state.kind === 'connected') {
      const advice = this.#pulse.tick(heardBytes);
      if (advice === 'gone') this.#ports.doubt(this.#pulse.patience / ticksPerSecond);
      else if (advice === 'say') this.#sign();
    } else if (state.kind === 'broken') {
      state.ticks += 1;
      if (state.ticks >= graceTicks) this.end(state.cause);
      else if (state.ticks >= state.dialAt) {
        state.dialAt = state.ticks + attemptTicks;
        this.#ports.dial();
      }
    }
  }

  #take(segment: Uint8Array, release?: () => void): void {
    const { kind, number, acknowledged, left, carried } = decodeSegment(segment);
    this.#settleUpTo(acknowledged);
    if (kind === 'sign' || number <= this.#received) release?.();
    else if (number > this.#received + 1) {
      throw refusal(`number ${number} after number ${this.#received}`);
    } else if (kind === 'frame') {
      this.#took();
      this.#ports.deliver(carried, release);
    } else {
      const frame = this.#joiner.add(carried, left, this.maximumFrameBytes);
      this.#took();
      release?.();
      if (frame) this.#ports.deliver(frame);
    }
    this.#sendPieces();
  }

  #took(): void {
    this.#received += 1;
    this.#owesAcknowledgement = true;
  }

  #settleUpTo(acknowledged: number): void {
    if (acknowledged > this.#outbox.last)
      throw refusal(`an acknowledgement of number ${acknowledged}, which was not sent`);
    this.#outbox.settleUpTo(acknowledged);
  }

  #sendPieces(): void {
    while (this.isConnected) {
      const piece = this.#outbox.takePiece();
      if (piece === undefined) return;
      this.#transmit(piece, this.#outbox.last);
    }
  }

  #sign(): void {
    this.#transmit({ kind: 'sign', parts: [], left: 0 }, this.#outbox.last);
  }

  #transmit(
    { kind, parts, left }: Omit<Outgoing, 'kind' | 'settle'> & { kind: Outgoing['kind'] | 'sign' },
    number: number,
  ): void {
    this.#owesAcknowledgement = false;
    this.#pulse.said();
    const trailer = encodeTrailer({ kind, number, acknowledged: this.#received, left });
    this.#ports.transmit([...parts, trailer]);
  }

  #orEnd(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.end(error);
    }
  }
}

const closed = (): RingError => new RingError('NODE_LOST', 'the session is closed');

const refusal = (what: string): RingError =>
  new RingError(
    'PROTOCOL',
    `the peer's session holds ${what}: check that both sides run the same ringtmp`,
  );
