// The master of a run with a parameter server: it lets devices in and tells each what it is, ships the
// samples, and then leads (lead.ts). It is itself the first worker, and what it looks at the test set
// with is its own replica.

import { RingError } from '../errors.ts';
import type { RingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { Effect, Event, Message, Node, NodeId, Work, WorkResult } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Boundary } from '../machine/boundary.ts';
import type { EndError, Next } from '../machine/boundary.ts';
import type { Pass } from '../machine/course.ts';
import { Outbox } from '../machine/outbox.ts';
import { WorkQueue } from '../machine/work-queue.ts';
import { Group } from '../data-parallel/group.ts';
import type { Capabilities } from '../data-parallel/group.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import type { Data } from '../data-parallel/shipping.ts';
import { Checkpoint } from './checkpoint.ts';
import type { Consistency } from './consistency.ts';
import { Device } from './device.ts';
import { appointments, assignRoles } from './enrolment.ts';
import type { Roles, Servers } from './enrolment.ts';
import { shardKeys } from './keys.ts';
import type { ShardedKey } from './keys.ts';
import { Lead } from './lead.ts';
import { isOfShard } from './member.ts';
import { notDue, Post } from './post.ts';
import type { Schedule } from './scalars.ts';

export interface MasterOptions {
  /** As it is sent to all. */
  readonly training: RingTraining;
  /** Devices besides the master. */
  readonly devices: number;
  readonly servers: Servers;
  readonly consistency: Consistency;
  readonly capabilities: Capabilities;
  readonly course: Iterator<Pass>;
  readonly data: Data;
  readonly schedule: Schedule;
  readonly clipNorm?: number;
}

export class Master implements Node {
  readonly #options: MasterOptions;
  readonly #outbox = new Outbox();
  readonly #works = new WorkQueue(this.#outbox);
  readonly #post = new Post(masterId, this.#outbox);
  readonly #group: Group;
  readonly #boundary: Boundary;
  readonly #shipping: Shipping;
  /** Once all have joined. */
  #roles: Roles | undefined;
  #keys: readonly ShardedKey[] = [];
  #device: Device | undefined;
  #isReady = false;
  /** Once the samples have been shipped. */
  #lead: Lead | undefined;
  #evaluation: Extract<Next, { kind: 'evaluate' }> | undefined;
  #checkpoint: Checkpoint | undefined;
  #over = false;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#outbox.generation = 1;
    this.#group = new Group(options.capabilities, options.devices + 1);
    this.#boundary = new Boundary(options.course, undefined);
    this.#shipping = new Shipping(options.data, this.#outbox, this.#works);
  }

  receive(event: Event): readonly Effect[] {
    if (this.#over) return [];
    try {
      this.#take(event);
      this.#advance();
    } catch (error) {
      if (!(error instanceof RingError)) throw error;
      this.#end({ code: error.code, reason: error.message });
    }
    return this.#outbox.take();
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'start':
        return this.#appoint();
      case 'message':
        return this.#message(event.from, event.generation, event.message);
      case 'computed':
        if (!isOfShard(event.work.kind)) this.#works.done();
        return this.#computed(event.work, event.result);
      case 'unlinked':
        return this.#lost(event.node, event.reason);
      case 'failed':
        return this.#end({ code: event.code, reason: event.reason });
      case 'stored':
        return this.#checkpoint?.stored();
      case 'stop':
        return this.#stop();
      case 'save':
        return this.#boundary.saveIsDue();
      case 'sent':
      case 'linked':
      case 'fetched':
        return undefined;
    }
  }

  // -------------------------------------------------------------------------------- who is in

  #join(from: NodeId, message: MessageOf<'join'>): void {
    if (this.#group.isFull) {
      const reason = 'the run already has all its nodes: ask for more of them and start again';
      return this.#post.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
    }
    this.#group.join(from, message);
    const [joined, wanted] = [this.#group.others.length, this.#options.devices];
    this.#outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    this.#appoint();
  }

  /** Everyone is there: each is told what it is. */
  #appoint(): void {
    if (!this.#group.isFull || this.#roles) return;
    const { training, servers, consistency, clipNorm } = this.#options;
    const { batch, microbatches } = training.resolved;
    this.#roles = assignRoles(this.#group.members, servers);
    this.#keys = shardKeys(training, this.#roles.servers.length);
    const parts = sharePartsOf(batch, microbatches, this.#roles.workers.length);
    const clips = clipNorm !== undefined;
    const options = { ...parts, consistency, clips, training };
    for (const message of appointments(this.#group.members, this.#roles, options)) {
      if (message.node !== masterId) this.#post.send(message.node, message);
      else this.#prepare(message);
    }
  }

  #prepare(appointment: MessageOf<'appoint'>): void {
    const { training } = this.#options;
    const channels = { post: this.#post, outbox: this.#outbox, works: this.#works };
    this.#device = new Device(appointment, training, channels);
    this.#device.prepare(training);
  }

  /** When everyone is ready, the samples go out; when they are there, off we go. */
  #begin(): void {
    const roles = this.#roles;
    if (!roles || this.#lead) return;
    if (!this.#isReady) {
      if (!this.#group.isReady) return;
      this.#isReady = true;
      this.#outbox.report({ kind: 'formed', nodes: this.#describeNodes(roles) });
      this.#outbox.report({ kind: 'shipping' });
      this.#ship(roles.workers, 0);
    }
    if (!this.#shipping.isDone) return;
    const { samples, bytes } = this.#shipping;
    this.#outbox.report({ kind: 'shipped', samples, bytes });
    const { training, consistency, clipNorm, schedule } = this.#options;
    const options = {
      roles,
      keys: this.#keys,
      layers: training.resolved.layers.length,
      isSynchronous: consistency.kind === 'bsp',
      clipNorm,
      schedule,
      boundary: this.#boundary,
    };
    this.#lead = new Lead(options, this.#post, this.#outbox);
  }

  #ship(workers: readonly NodeId[], from: number): void {
    this.#shipping.plan(
      workers.map((node) => (node === masterId ? undefined : node)),
      from,
    );
  }

  #describeNodes({ workers, servers }: Roles) {
    return this.#group.report(this.#options.training.resolved.layers.length).map((report) => {
      const isWorker = workers.includes(report.node);
      const roles = [
        ...(isWorker ? (['worker'] as const) : []),
        ...(servers.includes(report.node) ? (['server'] as const) : []),
      ];
      return { ...report, roles };
    });
  }

  // ------------------------------------------------------------------------------- who is lost

  /** Without a worker the others go on, without a server nobody can. */
  #lost(node: NodeId, reason: string): void {
    if (!this.#group.has(node)) return;
    if (!this.#roles) return this.#group.leave(node);
    const workers = this.#lead?.workers;
    if (workers && !workers.includes(node) && !this.#roles.servers.includes(node)) return undefined;
    if (!workers || this.#roles.servers.includes(node) || node === masterId)
      return this.#end({
        code: 'NODE_LOST',
        reason: `${this.#group.nameOf(node)} is gone: ${reason}`,
      });
    // If it only lost a link, it must know that it is not waited for.
    this.#post.send(node, { type: 'failed', code: 'NODE_LOST', message: reason });
    this.#outbox.report({ kind: 'dropped', node, reason });
    this.#shipping.drop(node);
    this.#lead!.drop(node);
    return this.#ship(this.#lead!.workers, this.#lead!.nextStep);
  }

  #failed(from: NodeId, { code, message, node }: MessageOf<'failed'>): void {
    if (node !== undefined) {
      // Of a worker and a server that lost each other, the worker is the one that can be spared.
      const isServer = this.#roles?.servers.includes(node) ?? false;
      return this.#lost(isServer && !this.#roles!.servers.includes(from) ? from : node, message);
    }
    const isGone = code === 'NODE_LOST' || code === 'INTERRUPTED';
    if (isGone && this.#lead) return this.#lost(from, message);
    return this.#end({ code, reason: `${this.#group.nameOf(from)}: ${message}` });
  }

  // ---------------------------------------------------------------------------------- messages

  #message(from: NodeId, generation: number, message: Message): void {
    if (message.type === 'join') return this.#join(from, message);
    if (generation !== this.#outbox.generation || !this.#group.has(from)) return undefined;
    switch (message.type) {
      case 'ready':
        this.#group.ready(from, message.bytes);
        return this.#begin();
      case 'kept':
        return this.#shipping.kept(from);
      case 'partOfLoss':
        return this.#lead?.partOfLoss(from, message);
      case 'settled':
        return this.#lead?.settled(from, message);
      case 'measured':
        return this.#lead?.measured(message);
      case 'parameters':
        if (!this.#checkpoint?.arrived(from, message.layer, message.payload))
          throw notDue(from, message);
        return undefined;
      case 'failed':
        return this.#failed(from, message);
      default:
        if (!this.#device?.take(from, message)) throw notDue(from, message);
    }
  }

  #computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'readSamples':
        return this.#shipping.computed(work, result.payload!);
      case 'assemble':
        return this.#checkpoint?.assembled(work.layer, result.payload!);
      case 'hold':
      case 'prepareReplica':
        this.#device!.computed(work, result);
        if (this.#device!.isPrepared) this.#group.ready(masterId, this.#device!.bytes);
        return undefined;
      default:
        return this.#device?.computed(work, result);
    }
  }

  // ------------------------------------------------------------------------------- the course

  /** Everything that follows from what is known by now. */
  #advance(): void {
    this.#proceed();
    this.#post.deliver((message) => {
      this.#message(masterId, this.#outbox.generation, message);
      this.#proceed();
    });
    this.#betweenSteps();
    if (this.#over) return;
    this.#works.fill(
      () => this.#device?.nextWork(),
      () => this.#device?.awaits ?? 'start',
    );
  }

  #proceed(): void {
    this.#begin();
    this.#lead?.report();
    // While samples are on their way to those who take over a share, no new steps are given.
    if (this.#shipping.isDone && !this.#isBusy) this.#lead?.grant();
    this.#device?.advance();
  }

  /** The course wants something other than a step. */
  get #isBusy(): boolean {
    return this.#evaluation !== undefined || this.#checkpoint !== undefined;
  }

  #betweenSteps(): void {
    this.#evaluate();
    if (this.#checkpoint?.isDone) {
      const { step } = this.#checkpoint;
      this.#checkpoint = undefined;
      this.#boundary.saved(step);
      this.#outbox.report({ kind: 'saved', step });
      return this.#advance();
    }
    if (this.#isBusy) return undefined;
    const pending = this.#lead?.takePending();
    if (!pending) return undefined;
    if (this.#options.consistency.kind !== 'bsp' && pending.kind === 'save')
      this.#outbox.report({ kind: 'staleness', ...this.#lead!.staleness });
    switch (pending.kind) {
      case 'end':
        return this.#end(pending.error);
      case 'save': {
        const routes = {
          post: this.#post,
          outbox: this.#outbox,
          works: this.#works,
          keys: this.#keys,
          servers: this.#roles!.servers,
        };
        this.#checkpoint = new Checkpoint(pending.step, routes);
        return this.#advance();
      }
      case 'evaluate':
        this.#evaluation = pending;
        // Others may have pushed since this replica last pulled.
        if (this.#options.consistency.kind !== 'bsp') this.#device!.worker!.refresh();
        return this.#advance();
    }
  }

  #evaluate(): void {
    const worker = this.#device?.worker;
    if (!this.#evaluation || !worker?.isFresh) return;
    const { step, epoch, rows: samples } = this.#evaluation;
    if (!worker.isEvaluating) return worker.evaluate(step, samples);
    const outcome = worker.evaluated();
    if (!outcome) return;
    this.#evaluation = undefined;
    const { loss, correct } = outcome;
    const accuracy = correct === undefined ? {} : { accuracy: correct / samples };
    this.#outbox.report({ kind: 'evaluated', step, epoch, samples, loss, ...accuracy });
    this.#advance();
  }

  /** The user wants the run to end: after the steps that were given, with everything saved. */
  #stop(): void {
    const error: EndError = { code: 'INTERRUPTED', reason: 'the run was stopped by its user' };
    if (this.#boundary.isEnding || !this.#lead) return this.#end(error);
    this.#boundary.endWith(error);
  }

  #end(error?: EndError): void {
    if (this.#over) return;
    this.#over = true;
    for (const { node } of this.#group.others)
      this.#outbox.send(
        node,
        error ? { type: 'failed', code: error.code, message: error.reason } : { type: 'end' },
      );
    this.#outbox.add(error ? { type: 'end', error } : { type: 'end' });
  }
}
