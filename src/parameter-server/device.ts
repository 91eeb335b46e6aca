// What a device does once it knows what it is: a worker, a shard of the server, or both side by side.
// Both stand on the one engine of the device.

import type { IdleCause, Message, NodeId, ShardWork, Work, WorkResult } from '../node.ts';
import { masterId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { RingTraining } from '../model/training.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
import type { OwnReplica, PreparedReplica } from '../data-parallel/own-replica.ts';
import { shardKeys } from './keys.ts';
import type { ShardedKey } from './keys.ts';
import type { Post } from './post.ts';
import { Shard } from './shard.ts';
import { WorkerPart } from './worker-part.ts';

export type Appointment = Omit<MessageOf<'appoint'>, 'training' | 'type'>;

/** What the parts of a device write to. */
export interface DeviceChannels {
  readonly post: Post;
  readonly outbox: Outbox;
  readonly works: WorkQueue;
}

export class Device {
  readonly #appointment: Appointment;
  readonly #training: RingTraining;
  readonly #channels: DeviceChannels;
  readonly #replica: OwnReplica;
  readonly #keys: readonly ShardedKey[];
  readonly shard: Shard | undefined;
  /** Once it is prepared. */
  worker: WorkerPart | undefined;
  /** The keys of the shard are in place, or there are none. */
  #isHeld = true;
  bytes = 0;

  /** `replica` outlives what the device is now. */
  constructor(
    appointment: Appointment,
    training: RingTraining,
    replica: OwnReplica,
    channels: DeviceChannels,
  ) {
    this.#appointment = appointment;
    this.#training = training;
    this.#replica = replica;
    this.#channels = channels;
    const { servers, shard, consistency, clips, updates, isWorker } = appointment;
    this.#keys = shardKeys(training, servers.length);
    const held = this.#keys.filter((key) => key.shard === shard);
    if (shard !== undefined)
      this.shard = new Shard(
        { keys: held, consistency, clips, updates, isAlone: !isWorker },
        channels,
      );
  }

  /** Asks for what it takes; `isPrepared` when it is there. */
  prepare(training: unknown): void {
    const { shard, isWorker } = this.#appointment;
    const { works } = this.#channels;
    if (shard !== undefined) {
      const keys = this.#keys.filter((key) => key.shard === shard);
      works.addUrgent({
        kind: 'hold',
        training,
        keys: keys.map(({ key, layer, slices }) => ({ key, layer, slices })),
      });
      this.#isHeld = false;
    }
    if (!isWorker) return;
    const { prepared } = this.#replica;
    if (prepared) this.#employ(prepared, false);
    else this.#replica.prepare(training, this.#appointment);
  }

  get isPrepared(): boolean {
    return this.#isHeld && (!this.#appointment.isWorker || this.worker !== undefined);
  }

  /** Takes what is meant for a part of the device; false when it is for none. Errors: PROTOCOL. */
  take(from: NodeId, message: Message): boolean {
    if (message.type === 'samples') {
      this.#channels.works.giveAtOnce({ kind: 'keepSamples', payload: message.payload });
      return true;
    }
    const forShard = this.shard?.take(from, message) ?? false;
    const forWorker = this.worker?.take(message) ?? false;
    return forShard || forWorker;
  }

  /** Takes the end of a work of either part. Errors: NOT_FINITE. */
  computed(work: Work, result: WorkResult): void {
    switch (work.kind) {
      case 'hold':
        this.#isHeld = true;
        return this.#counted(result.prepared!.bytes);
      case 'prepareReplica': {
        const prepared = this.#replica.computed(work, result);
        return this.#appointment.isWorker ? this.#employ(prepared, true) : undefined;
      }
      case 'keepSamples':
        return this.#channels.post.send(masterId, { type: 'kept' });
      case 'gather':
      case 'measure':
      case 'apply':
      case 'value':
      case 'surrender':
      case 'restore':
        return this.shard?.computed(work satisfies ShardWork, result);
      default:
        return this.worker?.computed(work, result);
    }
  }

  /** The last to be prepared has counted everything that the engine holds. */
  #counted(bytes: number): void {
    this.bytes = Math.max(this.bytes, bytes);
  }

  #employ({ blocks, rows, bytes }: PreparedReplica, isOfSeed: boolean): void {
    this.#counted(bytes);
    const { servers } = this.#appointment;
    const { batch, stepsPerEpoch, data } = this.#training.resolved;
    const batchRows = (step: number): number =>
      Math.min(batch, data.trainCount - (step % stepsPerEpoch) * batch);
    const options = { keys: this.#keys, servers, blocks, rows, batchRows, isOfSeed };
    this.worker = new WorkerPart(options, this.#channels.post, this.#channels.works);
  }

  advance(): void {
    this.worker?.advance();
  }

  /** Why the engine has nothing to do. */
  get awaits(): IdleCause {
    if (!this.isPrepared) return 'start';
    return this.worker ? 'parameters' : 'gradient';
  }

  nextWork(): Work | undefined {
    return this.worker?.nextWork();
  }
}
