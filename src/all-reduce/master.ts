// The master of an all-reduce: it lets workers in, ships them their samples, and takes part in every
// step as the first of them. When every gradient is reduced it holds the sum like everyone else, so it
// alone decides whether the step is done, and how far gradients are clipped. Its own replica is the
// model: it tests it and keeps it.

import { RingError } from '../errors.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { RingTraining } from '../model/training.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError } from '../machine/boundary.ts';
import type { Pass, Round } from '../machine/course.ts';
import { checkLoss, gradientFactor, onWire } from '../machine/gradients.ts';
import { notDue } from '../machine/not-due.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Group } from '../data-parallel/group.ts';
import type { Capabilities } from '../data-parallel/group.ts';
import { ReplicaTransfer } from '../data-parallel/replica-transfer.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import type { Data } from '../data-parallel/shipping.ts';
import { Participant } from './participant.ts';

export interface AllReduceOptions {
  /** As it is sent to workers. */
  readonly training: RingTraining;
  readonly course: Iterator<Pass>;
  /** Workers besides the master. */
  readonly workers: number;
  readonly capabilities: Capabilities;
  readonly data: Data;
  /** Learning rate, and the scalars of the optimizer's update, at `step` (from 0). */
  readonly schedule: (step: number, gradientFactor: number) => StepScalars;
  readonly clipNorm?: number;
}

export interface StepScalars {
  readonly learningRate: number;
  readonly scalars: readonly number[];
}

/** Nothing ever re-forms: all frames are of one generation. */
const generation = 1;

export class AllReduceMaster implements Node {
  readonly #options: AllReduceOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #group: Group;
  readonly #shipping: Shipping;
  readonly #boundary: Boundary;
  /** Once the replica is prepared. */
  #participant: Participant | undefined;
  #formed = false;
  #begun = false;
  #pass: Round | undefined;
  /** Parts of the step's loss that others have told, by node. */
  readonly #losses = new Map<NodeId, number | null>();
  #normsAsked = false;
  #norms: readonly (number | null)[] | undefined;
  #transfer: ReplicaTransfer | undefined;
  #over = false;

  constructor(options: AllReduceOptions) {
    this.#options = options;
    this.#outbox.generation = generation;
    this.#group = new Group(options.capabilities, options.workers + 1);
    this.#shipping = new Shipping(options.data, this.#outbox, this.#works);
    this.#boundary = new Boundary(options.course, undefined);
  }

  receive(event: Event): readonly Effect[] {
    if (this.#over) return [];
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#stop({ code: error.code, reason: error.message });
      this.#advance();
    }
    return this.#outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'start':
        if (this.#group.isFull) this.#form();
        break;
      case 'message':
        this.#message(event.from, event.message);
        break;
      case 'computed':
        this.#works.done();
        this.#computed(event.work, event.result);
        break;
      case 'sent':
        this.#participant?.sent(event.message);
        break;
      case 'unlinked':
        this.#unlinked(event.node, event.reason);
        break;
      case 'failed':
        if (event.code === 'NODE_LOST') this.#lost(event);
        else this.#end({ code: event.code, reason: event.reason });
        break;
      case 'stored':
        this.#transfer?.settled();
        break;
      case 'stop':
        this.#stop({ code: 'INTERRUPTED', reason: 'the run was stopped by its user' });
        break;
      case 'save':
        this.#boundary.saveIsDue();
        break;
      case 'linked':
      case 'fetched':
        break;
    }
  }

  #message(from: NodeId, message: Message): void {
    if (message.type === 'join') return this.#join(from, message);
    if (!this.#group.has(from)) return undefined;
    switch (message.type) {
      case 'ready':
        this.#group.ready(from, message.bytes);
        return this.#ship();
      case 'kept':
        return this.#shipping.kept(from);
      case 'partOfLoss':
        if (message.step === this.#pass?.step) this.#losses.set(from, message.loss);
        return undefined;
      case 'reduce':
        if (from !== this.#group.members.at(-1)!.node || !this.#participant?.take(message))
          throw notDue(from, message);
        return undefined;
      case 'failed': {
        const { code, node = from, message: reason } = message;
        return this.#lost({ code, reason: `${this.#group.nameOf(node)}: ${reason}` });
      }
      default:
        throw notDue(from, message);
    }
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'prepareReplica':
        return this.#prepared(work.rows, result);
      case 'readSamples':
        return this.#shipping.computed(work, result.payload!);
      case 'replicaNorms':
        this.#norms = onWire(result.squaredNorms!);
        return undefined;
      case 'read':
        return this.#transfer?.arrived(work.layer, result.payload!);
      case 'update':
        return undefined;
      default:
        return this.#participant?.computed(work, result);
    }
  }

  /** Everything that follows from what is known by now. */
  #advance(): void {
    if (this.#over) return;
    if (this.#formed && !this.#begun && this.#shipping.isDone) this.#begin();
    if (this.#pass?.kind === 'train') this.#advanceStep(this.#pass);
    if (this.#pass?.kind === 'evaluate') this.#advanceEvaluation(this.#pass);
    if (this.#transfer?.done) this.#saved(this.#transfer);
    if (this.#over) return;
    this.#works.fill(
      () => (this.#pass ? this.#participant?.nextWork() : undefined),
      () => (this.#begun ? this.#participant!.idleCause : 'start'),
    );
  }

  get #layers(): RingTraining['resolved']['layers'] {
    return this.#options.training.resolved.layers;
  }

  // ------------------------------------------------------------------------------- who is in

  #join(from: NodeId, message: MessageOf<'join'>): void {
    if (this.#group.isFull) {
      const reason = 'the run already has all its nodes: ask for more of them and start again';
      return this.#outbox.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
    }
    this.#group.join(from, message);
    const [joined, wanted] = [this.#group.others.length, this.#options.workers];
    this.#outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    if (this.#group.isFull) this.#form();
  }

  #form(): void {
    const { training } = this.#options;
    const { batch, microbatches } = training.resolved;
    const { members, others } = this.#group;
    const parts = sharePartsOf(batch, microbatches, members.length);
    const group = members.map(({ node, address }) => ({ node, address }));
    for (const [place, { node }] of others.entries())
      this.#outbox.send(node, {
        type: 'enrol',
        node,
        group,
        index: place + 1,
        training,
        ...parts,
      });
    this.#works.addUrgent({ kind: 'prepareReplica', training, ...parts });
  }

  #prepared(rows: number, { prepared, blocks }: WorkResult): void {
    const { members } = this.#group;
    const clockwise = members[1 % members.length]!.node;
    const seat = { index: 0, nodes: members.length, clockwise };
    this.#participant = new Participant(blocks!, rows, seat, this.#outbox, this.#works);
    this.#group.ready(masterId, prepared!.bytes);
    this.#ship();
  }

  /** When everyone is ready, the samples go out. */
  #ship(): void {
    if (!this.#group.isReady || this.#formed) return;
    this.#formed = true;
    this.#outbox.report({ kind: 'formed', nodes: this.#group.report(this.#layers.length) });
    if (this.#group.others.length === 0) return;
    this.#outbox.report({ kind: 'shipping' });
    this.#shipping.plan([undefined, ...this.#group.others.map(({ node }) => node)]);
  }

  /** When everyone has samples, off we go. */
  #begin(): void {
    this.#begun = true;
    const { samples, bytes } = this.#shipping;
    if (samples > 0) this.#outbox.report({ kind: 'shipped', samples, bytes });
    this.#next();
  }

  #unlinked(node: NodeId, reason: string): void {
    if (!this.#group.has(node)) return;
    if (!this.#group.isFull) return this.#group.leave(node);
    this.#lost({ code: 'NODE_LOST', reason: `${this.#group.nameOf(node)} is gone: ${reason}` });
  }

  // ------------------------------------------------------------------------------ the course

  /** Begins the next pass; or ends the run, with everything saved. */
  #next(): void {
    const next = this.#boundary.next();
    switch (next.kind) {
      case 'end':
        return this.#end(next.error);
      case 'save': {
        const kept = this.#layers.flatMap(({ parameters, state }, layer) =>
          parameters.length + state.length > 0 ? [layer] : [],
        );
        this.#transfer = new ReplicaTransfer(next.step, kept, this.#outbox, this.#works);
        return undefined;
      }
      case 'evaluate':
        this.#pass = next;
        return this.#participant!.evaluate(next.step, next.rows);
      case 'train':
        return this.#beginStep(next);
    }
  }

  #beginStep(pass: Extract<Round, { kind: 'train' }>): void {
    const { step, rows } = pass;
    this.#pass = pass;
    this.#losses.clear();
    this.#norms = undefined;
    this.#normsAsked = false;
    for (const { node } of this.#group.others)
      this.#outbox.send(node, { type: 'begin', step, rows });
    this.#participant!.begin(step, rows);
  }

  /** Errors: NOT_FINITE. */
  #advanceStep({ step, epoch, rows: samples }: Extract<Round, { kind: 'train' }>): void {
    if (!this.#participant!.isReduced) return;
    if (!this.#normsAsked) {
      this.#normsAsked = true;
      this.#works.addUrgent({ kind: 'replicaNorms' });
    }
    const { others } = this.#group;
    if (!this.#norms || this.#losses.size < others.length) return;
    const parts = others.map(({ node }) => this.#losses.get(node) ?? Number.NaN);
    const loss = parts.reduce((sum, part) => sum + part, this.#participant!.loss);
    checkLoss(step, loss);
    const factor = gradientFactor(step, this.#norms, this.#options.clipNorm);
    const { learningRate, scalars: given } = this.#options.schedule(step, factor);
    const scalars = [...given];
    for (const { node } of others)
      this.#outbox.send(node, { type: 'commit', pass: step + 1, step, scalars });
    this.#works.addUrgent({ kind: 'update', scalars });
    this.#outbox.add({ type: 'committed', step: step + 1 });
    this.#outbox.report({ kind: 'step', step: step + 1, epoch, loss, learningRate, samples });
    this.#pass = undefined;
    this.#boundary.committed(step);
    this.#next();
  }

  #advanceEvaluation({ step, epoch, rows: samples }: Round): void {
    const { isComputed, loss, correct } = this.#participant!;
    if (!isComputed) return;
    const accuracy = correct === undefined ? {} : { accuracy: correct / samples };
    this.#outbox.report({ kind: 'evaluated', step, epoch, samples, loss, ...accuracy });
    this.#pass = undefined;
    this.#next();
  }

  #saved({ step }: ReplicaTransfer): void {
    this.#transfer = undefined;
    this.#boundary.saved(step);
    this.#outbox.report({ kind: 'saved', step });
    this.#next();
  }

  /** Without one node there is no sum; that it is gone may be told more than once. */
  #lost({ code, reason }: EndError): void {
    if (!this.#boundary.isEnding) this.#stop({ code, reason });
  }

  /** Ends the run with what is committed; a step that is under way is dropped. */
  #stop(error: EndError): void {
    if (this.#boundary.isEnding || !this.#begun) return this.#end(error);
    this.#boundary.endWith(error);
    this.#pass = undefined;
    if (!this.#transfer) this.#next();
    return undefined;
  }

  #end(error?: EndError): void {
    this.#over = true;
    this.#pass = undefined;
    for (const { node } of this.#group.others)
      this.#outbox.send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
