// A worker of the ring: it asks to be let in, is given layers, and from then on decides everything
// from what its two neighbours send. It never sees samples, targets or who else is there.

import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { masterId, worksAhead } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { onWire } from './finish.ts';
import { nextWork } from './schedule.ts';
import { StageRun } from './stage-run.ts';

export class Worker implements Node {
  readonly #join: MessageOf<'join'>;
  #effects: Effect[] = [];
  #generation = 0;
  #assignment: MessageOf<'assign'> | undefined;
  #run: StageRun | undefined;
  /** Works that the engine has been given and has not done. */
  #computing = 0;
  #over = false;
  /** Goes before anything of a pass: updates, and layers read and written. */
  readonly #urgent: Work[] = [];
  readonly #introduced = new Set<NodeId>();
  #bytes: number | undefined;
  #readySent = false;
  /** Of the pass's end: own norms, those of everyone downstream, and how far the talk about them is. */
  #norms: (number | null)[] | undefined;
  #normsDownstream: readonly (number | null)[] | undefined;
  #normsAsked = false;
  #finishedSent = false;

  /** `join` says what this device is and can do. */
  constructor(join: MessageOf<'join'>) {
    this.#join = join;
  }

  receive(event: Event): readonly Effect[] {
    this.#effects = [];
    if (this.#over) return this.#effects;
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#fail(error.code, error.message);
    }
    return this.#effects;
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'linked':
        if (event.node === masterId && !this.#assignment) this.#send(masterId, this.#join);
        else this.#linked(event.node);
        break;
      case 'unlinked':
        this.#unlinked(event.node, event.reason);
        break;
      case 'message':
        this.#message(event.from, event.generation, event.message);
        break;
      case 'sent':
        this.#sent(event.message);
        break;
      case 'computed':
        this.#computing -= 1;
        this.#computed(event.work, event.result);
        break;
      case 'failed':
        this.#fail(event.code, event.reason);
        break;
      case 'stop':
        this.#fail('INTERRUPTED', `${this.#join.name} was stopped by its user`);
        break;
      case 'start':
      case 'save':
      case 'stored':
      case 'fetched':
        break;
    }
  }

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'assign') return this.#assigned(from, generation, message);
    if (message.type === 'end' && from === masterId) return this.#end();
    if (message.type === 'failed' && from === masterId)
      return this.#end({ code: message.code, reason: message.message });
    // A frame of an older ring, or from before this node was told of a newer one, is nobody's.
    if (generation !== this.#generation) return undefined;
    const run = this.#run;
    if (!run) throw unexpected(from, message);
    switch (message.type) {
      case 'activation':
        return this.#activation(from, message, run);
      case 'gradient': {
        const { pass, microbatch, payload } = message;
        if (from !== this.#clockwise || !run.takeGradient(pass, microbatch, payload))
          throw unexpected(from, message);
        return undefined;
      }
      case 'credit':
        return run.takeCredit(message.pass, message.upTo);
      case 'finished':
        if (from !== this.#clockwise || message.pass !== run.pass) throw unexpected(from, message);
        this.#normsDownstream = message.squaredNorms;
        return undefined;
      case 'commit':
        return this.#commit(from, message, run);
      case 'collect':
        this.#urgent.push({ kind: 'read', layer: message.layer });
        return undefined;
      case 'load':
        this.#urgent.push({ kind: 'write', layer: message.layer, payload: message.payload });
        return undefined;
      default:
        throw unexpected(from, message);
    }
  }

  #assigned(from: NodeId, generation: number, message: MessageOf<'assign'>): void {
    if (from !== masterId || this.#assignment) throw unexpected(from, message);
    this.#assignment = message;
    this.#generation = generation;
    const { from: first, to, window, training, purpose } = message;
    const stages = [{ place: 'inner', from: first, to, window }] as const;
    this.#urgent.push({ kind: 'prepare', training, purpose, stages });
    const next = message.ring[(message.index + 1) % message.ring.length]!;
    if (next.node !== masterId)
      this.#effects.push({ type: 'connect', ...next, self: message.node, generation });
  }

  get #clockwise(): NodeId {
    const { ring, index } = this.#assignment!;
    return ring[(index + 1) % ring.length]!.node;
  }

  get #anticlockwise(): NodeId {
    const { ring, index } = this.#assignment!;
    return ring[index - 1]!.node;
  }

  #linked(node: NodeId): void {
    this.#introduced.add(node);
  }

  #unlinked(node: NodeId, reason: string): void {
    if (node === masterId)
      return this.#end({ code: 'NODE_LOST', reason: `the master is gone: ${reason}` });
    if (this.#assignment && (node === this.#clockwise || node === this.#anticlockwise))
      this.#fail('NODE_LOST', `lost the link to ${node}: ${reason}`);
  }

  #activation(from: NodeId, message: MessageOf<'activation'>, run: StageRun): void {
    if (from !== this.#anticlockwise) throw unexpected(from, message);
    if (message.pass !== run.pass) {
      if (message.pass < run.pass || message.microbatch !== 0 || !run.complete)
        throw unexpected(from, message);
      run.begin(message.pass, message.mode, message.of);
      this.#norms = this.#normsDownstream = undefined;
      this.#normsAsked = this.#finishedSent = false;
    }
    const { type: _, payload, ...of } = message;
    if (of.of !== run.of || of.mode !== run.mode || !run.takeActivation(of, payload))
      throw unexpected(from, message);
  }

  #commit(from: NodeId, message: MessageOf<'commit'>, run: StageRun): void {
    if (from !== this.#anticlockwise || message.pass !== run.pass || !this.#finishedSent)
      throw unexpected(from, message);
    if (this.#clockwise !== masterId) this.#send(this.#clockwise, message);
    this.#urgent.push({ kind: 'update', scalars: message.scalars });
  }

  #sent(message: Message): void {
    if (!this.#run || !('pass' in message) || message.pass !== this.#run.pass) return;
    if (message.type === 'activation') this.#run.activationsLeft += 1;
    else if (message.type === 'gradient') this.#run.gradientsLeft += 1;
  }

  #computed(work: Work, result: WorkResult): void {
    const run = this.#run;
    switch (work.kind) {
      case 'prepare': {
        const [stage] = work.stages;
        const { prepared } = result;
        this.#bytes = prepared!.bytes;
        const { clockwiseWindow } = this.#assignment!;
        this.#run = new StageRun(stage!, prepared!.units.inner ?? [], false, clockwiseWindow);
        break;
      }
      case 'forward':
        run!.computed.count(work);
        run!.putOut(work.of, result.payload!);
        break;
      case 'backward':
        run!.computed.count(work);
        this.#send(this.#anticlockwise, {
          type: 'gradient',
          pass: work.of.pass,
          microbatch: work.of.microbatch,
          payload: result.payload!,
        });
        break;
      case 'weights':
        run!.computed.count(work);
        break;
      case 'norms':
        this.#norms = onWire(result.squaredNorms!);
        break;
      case 'read':
        this.#send(masterId, { type: 'parameters', layer: work.layer, payload: result.payload! });
        break;
      case 'write':
        this.#send(masterId, { type: 'loaded', layer: work.layer });
        break;
      case 'update':
      case 'loss':
        break;
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    this.#sayReady();
    const run = this.#run;
    if (run) {
      for (const { of, payload } of run.release())
        this.#send(this.#clockwise, { type: 'activation', ...of, payload });
      const upTo = run.grant();
      if (upTo !== undefined)
        this.#send(this.#anticlockwise, { type: 'credit', pass: run.pass, upTo });
      this.#sayFinished();
    }
    while (this.#computing < worksAhead && !this.#over) {
      const work = this.#urgent.shift() ?? (run && (nextWork([run]) ?? this.#normsDue(run)));
      if (!work) return;
      this.#computing += 1;
      this.#effects.push({ type: 'compute', work });
    }
  }

  #sayReady(): void {
    if (this.#readySent || this.#bytes === undefined) return;
    const neighbours = [this.#clockwise, this.#anticlockwise].filter((node) => node !== masterId);
    if (!neighbours.every((node) => this.#introduced.has(node))) return;
    this.#readySent = true;
    this.#send(masterId, { type: 'ready', bytes: this.#bytes });
  }

  #normsDue(run: StageRun): Work | undefined {
    if (run.of === 0 || run.mode !== 'train' || !run.complete || this.#normsAsked) return undefined;
    this.#normsAsked = true;
    return { kind: 'norms', place: run.stage.place };
  }

  #sayFinished(): void {
    if (!this.#norms || !this.#normsDownstream || this.#finishedSent) return;
    this.#finishedSent = true;
    const squaredNorms = [...this.#norms, ...this.#normsDownstream];
    this.#send(this.#anticlockwise, { type: 'finished', pass: this.#run!.pass, squaredNorms });
  }

  #send(to: NodeId, message: Message): void {
    this.#effects.push({ type: 'send', to, generation: this.#generation, message });
  }

  #fail(code: ErrorCode, reason: string): void {
    this.#send(masterId, { type: 'failed', code, message: reason });
    this.#end({ code, reason });
  }

  #end(error?: { code: ErrorCode; reason: string }): void {
    this.#over = true;
    this.#effects.push(error ? { type: 'end', error } : { type: 'end' });
  }
}

const unexpected = (from: NodeId, message: Message): RingError =>
  new RingError(
    'PROTOCOL',
    `${from} sent '${message.type}' when it was not due: all nodes must run the same version of ringtmp`,
  );
