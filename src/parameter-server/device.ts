// What a device does once it knows what it is: a worker, a shard of the server, or both side by side.
// Both stand on the one engine of the device.

import type { IdleCause, Message, NodeId, ShardWork, Work, WorkResult } from '../node.ts';
import { masterId } from '../node.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { RingTraining } from '../model/training.ts';
import type { Outbox } from '../machine/outbox.ts';
import type { WorkQueue } from '../machine/work-queue.ts';
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
  readonly #keys: readonly ShardedKey[];
  readonly shard: Shard | undefined;
  /** Once it is prepared. */
  worker: WorkerPart | undefined;
  #preparations = 0;
  bytes = 0;

  constructor(appointment: Appointment, training: RingTraining, channels: DeviceChannels) {
    this.#appointment = appointment;
    this.#training = training;
    this.#channels = channels;
    const { servers, shard, consistency, clips, isWorker } = appointment;
    this.#keys = shardKeys(training, servers.length);
    const held = this.#keys.filter((key) => key.shard === shard);
    if (shard !== undefined)
      this.shard = new Shard(
        { keys: held, consistency, clips, isAlone: !isWorker },
        channels.post,
        channels.outbox,
      );
  }

  /** Asks for what it takes; `isPrepared` when it is there. */
  prepare(training: unknown): void {
    const { shard, isWorker, rows, microbatches } = this.#appointment;
    const { works } = this.#channels;
    if (shard !== undefined) {
      const keys = this.#keys.filter((key) => key.shard === shard);
      works.addUrgent({
        kind: 'hold',
        training,
        keys: keys.map(({ key, layer, slices }) => ({ key, layer, slices })),
      });
      this.#preparations += 1;
    }
    if (!isWorker) return;
    works.addUrgent({ kind: 'prepareReplica', training, rows, microbatches });
    this.#preparations += 1;
  }

  get isPrepared(): boolean {
    return this.#preparations === 0;
  }

  /** Takes what is meant for a part of the device; false when it is for none. Errors: PROTOCOL. */
  take(from: NodeId, message: Message): boolean {
    if (message.type === 'samples') {
      this.#channels.works.addUrgent({ kind: 'keepSamples', payload: message.payload });
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
        return this.#prepared(result);
      case 'prepareReplica':
        this.worker = this.#workerPart(result);
        return this.#prepared(result);
      case 'keepSamples':
        return this.#channels.post.send(masterId, { type: 'kept' });
      case 'gather':
      case 'measure':
      case 'apply':
      case 'value':
      case 'surrender':
        return this.shard?.computed(work satisfies ShardWork, result);
      default:
        return this.worker?.computed(work, result);
    }
  }

  #prepared({ prepared }: WorkResult): void {
    this.#preparations -= 1;
    // The last to be prepared has counted everything that the engine holds.
    this.bytes = Math.max(this.bytes, prepared?.bytes ?? 0);
  }

  #workerPart({ blocks }: WorkResult): WorkerPart {
    const { servers, rows } = this.#appointment;
    const { batch, stepsPerEpoch, data } = this.#training.resolved;
    const batchRows = (step: number): number =>
      Math.min(batch, data.trainCount - (step % stepsPerEpoch) * batch);
    const options = { keys: this.#keys, servers, blocks: blocks!, rows, batchRows };
    return new WorkerPart(options, this.#channels.post, this.#channels.outbox);
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
