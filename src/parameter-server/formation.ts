// How a run with a parameter server forms: devices are let in until there are as many as were asked for,
// each is told what it is, and when all are prepared and linked the samples are shipped.

import type { RingTraining } from '../model/training.ts';
import { masterId } from '../node.ts';
import type { NodeId, NodeReport } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import { Group } from '../data-parallel/group.ts';
import type { Capabilities } from '../data-parallel/group.ts';
import { sharePartsOf } from '../data-parallel/share.ts';
import { Shipping } from '../data-parallel/shipping.ts';
import type { Data } from '../data-parallel/shipping.ts';
import type { Consistency } from './consistency.ts';
import { Device } from './device.ts';
import type { DeviceChannels } from './device.ts';
import { appointments, assignRoles } from './enrolment.ts';
import type { EnrolmentOptions, Roles, Servers } from './enrolment.ts';
import { shardKeys } from './keys.ts';
import type { ShardedKey } from './keys.ts';

export interface FormationOptions {
  /** As it is sent to all. */
  readonly training: RingTraining;
  /** Devices besides the master. */
  readonly devices: number;
  readonly servers: Servers;
  readonly consistency: Consistency;
  readonly capabilities: Capabilities;
  readonly data: Data;
  readonly clipNorm?: number;
}

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
  /** Once all have joined. */
  roles: Roles | undefined;
  keys: readonly ShardedKey[] = [];
  /** The master's own. */
  device: Device | undefined;
  /** Who came in the midst of the run, and is waiting for samples. */
  readonly newcomers = new Set<NodeId>();
  #isReady = false;
  #isFormed = false;

  constructor(options: FormationOptions, channels: DeviceChannels) {
    this.#options = options;
    this.#channels = channels;
    this.group = new Group(options.capabilities, options.devices + 1);
    this.shipping = new Shipping(options.data, channels.outbox, channels.works);
  }

  /** A master alone has no one to wait for. */
  start(): void {
    if (this.group.isFull) this.#appoint();
  }

  join(from: NodeId, message: MessageOf<'join'>): void {
    const { post, outbox } = this.#channels;
    if (this.group.isFull && !this.#mayAdmit) {
      const reason = 'the run already has all its nodes: ask for more of them and start again';
      return post.send(from, { type: 'failed', code: 'TOO_MANY_NODES', message: reason });
    }
    if (this.group.isFull) return this.#admit(from, message);
    this.group.join(from, message);
    const [joined, wanted] = [this.group.others.length, this.#options.devices];
    outbox.report({ kind: 'joined', node: from, name: message.name, joined, wanted });
    if (this.group.isFull) this.#appoint();
  }

  /** A worker may come, or come back, at any time; but where shards stand beside workers, each has one. */
  get #mayAdmit(): boolean {
    return this.#isFormed && this.#options.servers !== 'colocated';
  }

  #admit(node: NodeId, message: MessageOf<'join'>): void {
    this.group.admit(node, message);
    const { workers, servers } = this.roles!;
    this.roles = { workers: [...workers, node], servers };
    const told = appointments(this.group.members, this.roles, this.#enrolment(workers.length));
    this.#channels.post.send(node, told.at(-1)!);
    const joined = this.group.others.length;
    this.#channels.outbox.report({
      kind: 'joined',
      node,
      name: message.name,
      joined,
      wanted: joined,
    });
  }

  /** Everyone is there: each is told what it is. */
  #appoint(): void {
    const { training, servers } = this.#options;
    this.roles = assignRoles(this.group.members, servers);
    this.keys = shardKeys(training, this.roles.servers.length);
    const options = this.#enrolment(this.roles.workers.length);
    for (const message of appointments(this.group.members, this.roles, options)) {
      if (message.node !== masterId) this.#channels.post.send(message.node, message);
      else {
        this.device = new Device(message, training, this.#channels);
        this.device.prepare(training);
      }
    }
  }

  #enrolment(workers: number): EnrolmentOptions {
    const { training, consistency, clipNorm } = this.#options;
    const { batch, microbatches } = training.resolved;
    const parts = sharePartsOf(batch, microbatches, workers);
    return { ...parts, consistency, clips: clipNorm !== undefined, training };
  }

  /** When everyone is ready, the samples go out; says once that they are there. */
  advance(): boolean {
    const { roles, device } = this;
    if (!roles || !device || this.#isFormed) return false;
    if (device.isPrepared) this.group.ready(masterId, device.bytes);
    const { outbox } = this.#channels;
    if (!this.#isReady) {
      if (!this.group.isReady) return false;
      this.#isReady = true;
      outbox.report({ kind: 'formed', nodes: this.#report(roles) });
      outbox.report({ kind: 'shipping' });
      this.#ship(roles.workers, 0);
    }
    if (!this.shipping.isDone) return false;
    this.#isFormed = true;
    const { samples, bytes } = this.shipping;
    outbox.report({ kind: 'shipped', samples, bytes });
    return true;
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

  #report({ workers, servers }: Roles): readonly NodeReport[] {
    return this.group.report(this.#options.training.resolved.layers.length).map((report) => {
      const roles: ('worker' | 'server')[] = [];
      if (workers.includes(report.node)) roles.push('worker');
      if (servers.includes(report.node)) roles.push('server');
      return { ...report, roles };
    });
  }
}
