// How a run with a parameter server forms: devices are let in until there are as many as were asked for,
// each is told what it is, and when all are prepared and linked the samples are shipped. When a server is
// lost its part of the parameters is too: then who is left forms anew, over a checkpoint.

import { masterId } from '../node.ts';
import type { NodeId, NodeReport } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Group } from '../data-parallel/group.ts';
import { OwnReplica } from '../data-parallel/own-replica.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import { Device } from './device.ts';
import type { DeviceChannels } from './device.ts';
import { appointments, assignRoles, rolesLeft, withRoles } from './enrolment.ts';
import type { EnrolmentOptions, FormationOptions, Roles } from './enrolment.ts';
import { shardKeys } from './keys.ts';
import type { ShardedKey } from './keys.ts';
import { Restoring } from './restoring.ts';
import type { Base } from './restoring.ts';

/** Who shares the steps now, and the first step that a new sharing out would be for. */
interface Plan {
  readonly workers: readonly NodeId[];
  readonly nextStep: number;
}

export class Formation {
  readonly group: Group;
  readonly shipping: Shipping;
  readonly #options: FormationOptions;
  readonly #channels: DeviceChannels;
  readonly #replica: OwnReplica;
  /** Once all have joined. */
  roles: Roles | undefined;
  keys: readonly ShardedKey[] = [];
  base: Base = { step: 0, from: 'seed' };
  /** The master's own. */
  device: Device | undefined;
  /** Who came in the midst of the run, and is waiting for samples. */
  readonly newcomers = new Set<NodeId>();
  /** Who came while all were forming. */
  readonly #waiting = new Map<NodeId, MessageOf<'join'>>();
  restoring: Restoring | undefined;
  #isReady = false;
  #isFormed = false;
  #hasFormed = false;
  /** All had begun once: from then on they are formed anew. */
  #hasBegun = false;

  constructor(options: FormationOptions, channels: DeviceChannels) {
    this.#options = options;
    this.#channels = channels;
    this.#replica = new OwnReplica(channels.works);
    this.group = new Group(options.capabilities, options.devices + 1);
    this.shipping = new Shipping(options.data, channels.outbox, channels.works);
  }

  /** Everyone besides the master. */
  get others(): readonly NodeId[] {
    return [...this.group.others.map(({ node }) => node), ...this.#waiting.keys()];
  }

  /** Lets a device in; true when all are there with it. */
  join(from: NodeId, message: MessageOf<'join'>): boolean {
    const { group } = this;
    const wasFull = group.isFull;
    if (wasFull && this.#isCrowded) {
      const { batch } = this.#options.training.resolved;
      const reason = `a batch has ${batch} samples, and as many workers share it already: ask for a larger batch and start again`;
      this.#channels.post.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
      return false;
    }
    if (!wasFull) group.join(from, message);
    else if (this.#isFormed) this.#admit(from, message);
    else this.#waiting.set(from, message);
    const joined = this.others.length;
    const wanted = Math.max(joined, this.#options.devices);
    const { name } = message;
    this.#channels.outbox.report({ kind: 'joined', node: from, name, joined, wanted });
    return !wasFull && group.isFull;
  }

  get #isCrowded(): boolean {
    const workers = (this.roles?.workers.length ?? 0) + this.#waiting.size;
    return workers >= this.#options.training.resolved.batch;
  }

  /** Into the midst of the run, as a worker. */
  #admit(node: NodeId, message: MessageOf<'join'>): void {
    this.group.admit(node, message);
    const { workers, servers } = this.roles!;
    this.roles = { workers: [...workers, node], servers };
    const told = appointments(this.group.members, this.roles, this.#enrolment(workers.length));
    this.#channels.post.send(node, told.at(-1)!);
  }

  /** A device went away that nobody misses yet; false when it is somebody else. */
  leave(node: NodeId): boolean {
    if (this.#waiting.delete(node)) return true;
    if (!this.roles) this.group.leave(node);
    return !this.group.has(node);
  }

  /** A device is lost: who is left has the roles. */
  lose(node: NodeId): void {
    this.group.lose(node);
    this.newcomers.delete(node);
    this.shipping.drop(node);
    this.roles = rolesLeft(this.roles!, (each) => each !== node);
  }

  /** Everyone who is here is told what it is, from this base on. */
  form(base: Base): void {
    const { training, servers } = this.#options;
    const { post, outbox, works } = this.#channels;
    this.base = base;
    this.#isReady = this.#isFormed = false;
    this.restoring = undefined;
    this.newcomers.clear();
    outbox.generation += 1;
    works.giveUp();
    this.shipping.giveUp();
    this.group.formAnew();
    this.roles ??= assignRoles(this.group.members, servers);
    this.keys = shardKeys(training, this.roles.servers.length);
    const options = this.#enrolment(this.roles.workers.length);
    for (const message of appointments(this.group.members, this.roles, options)) {
      if (message.node !== masterId) post.send(message.node, message);
      else {
        this.device = new Device(message, training, this.#replica, this.#channels);
        this.device.prepare(training);
      }
    }
  }

  #enrolment(workers: number): EnrolmentOptions {
    const { training, consistency, clipNorm } = this.#options;
    const { batch, microbatches } = training.resolved;
    const parts = sharePartsOf(batch, microbatches, workers);
    return {
      ...parts,
      consistency,
      clips: clipNorm !== undefined,
      updates: this.updates,
      training,
    };
  }

  /** How many updates the parameters have had to begin with: as many as those who are here would have made. */
  get updates(): number {
    const { step } = this.base;
    return this.#options.consistency.kind === 'bsp' ? step : step * this.roles!.workers.length;
  }

  /** When everyone is ready, parameters and samples go out; says once that they are there. */
  advance(): boolean {
    const { roles, device } = this;
    if (!roles || !device || this.#isFormed) return false;
    if (device.isPrepared) this.group.ready(masterId, device.bytes);
    if (!this.#isReady) {
      if (!this.group.isReady) return false;
      this.#isReady = true;
      this.#bring(roles);
    }
    const isRestored = this.restoring?.isDone ?? true;
    if (!isRestored || !this.shipping.isDone) return false;
    this.#isFormed = true;
    return true;
  }

  #bring(roles: Roles): void {
    const { post, outbox } = this.#channels;
    if (!this.#hasFormed) {
      outbox.report({ kind: 'formed', nodes: this.#report() });
      outbox.report({ kind: 'shipping' });
    }
    this.#hasFormed = true;
    const { servers } = roles;
    if (this.base.from === 'checkpoint')
      this.restoring = new Restoring({ post, outbox, keys: this.keys, servers });
    this.#ship(roles.workers, this.base.step);
  }

  /** Says that all can begin: the first time with what was shipped, later with what is to be done again. */
  tellBeginning(stepsTold: number): void {
    const { step } = this.base;
    const { samples, bytes } = this.shipping;
    const replay = stepsTold - step;
    this.#channels.outbox.report(
      this.#hasBegun
        ? { kind: 'reformed', nodes: this.#report(), step, replay, cause: 'lost' }
        : { kind: 'shipped', samples, bytes },
    );
    this.#hasBegun = true;
  }

  /** Those who came while all were forming are let in. */
  admitWaiting(): void {
    for (const [node, message] of this.#waiting) this.#admit(node, message);
    this.#waiting.clear();
  }

  /** A device is prepared; a newcomer in the midst of the run is then sent its samples. */
  ready(node: NodeId, bytes: number, plan: Plan | undefined): void {
    this.group.ready(node, bytes);
    if (!plan) return;
    this.newcomers.add(node);
    this.shipAnew(plan);
  }

  /** Sends everyone what it lacks for its share from now on. */
  shipAnew({ workers, nextStep }: Plan): void {
    this.#ship([...workers, ...this.newcomers], nextStep);
  }

  /** Sends each of these workers what it lacks for its share of the steps from `from` on. */
  #ship(workers: readonly NodeId[], from: number): void {
    this.shipping.plan(
      workers.map((node) => (node === masterId ? undefined : node)),
      from,
    );
  }

  #report(): readonly NodeReport[] {
    const reports = this.group.report(this.#options.training.resolved.layers.length);
    return withRoles(reports, this.roles!);
  }
}
