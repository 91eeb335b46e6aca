// `ringtmp join`: this device becomes a worker and computes until the ring ends.

import { RingError } from '../errors.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Event, Message } from '../node.ts';
import { formatBytes, formatCount, formatNumberOf } from './format.ts';
import { onInterrupt } from './interrupt.ts';
import { parseLinkShape } from './link-flag.ts';
import { LiveLine } from './live-line.ts';
import type { LineOutput } from './live-line.ts';
import { invitationVariable } from './local-workers.ts';
import { Pace } from './pace.ts';
import { engineOf } from './ring-flags.ts';
import type { EngineFlags } from './ring-flags.ts';
import { describeKinds, describeRange, parametersOf } from './ring-table.ts';
import { isLost, startReturning } from './returning.ts';
import { claimCopies } from './worker-copies.ts';
import type { Replicas } from './worker-copies.ts';
import { shapeDevice, unshaped } from '../transport/shaped.ts';
import { startWorker } from './worker-session.ts';
import { parseInvitation, runOf } from '../transport/invitation.ts';

export interface JoinFlags extends EngineFlags {
  readonly link?: string;
  readonly quiet?: true;
  readonly replicas?: Replicas;
  readonly wait?: number;
}

/** What gives a device its place, in whatever it joined. */
const placing: ReadonlySet<string> = new Set<Message['type']>(['assign', 'enrol', 'appoint']);

/** How long a worker whose master is gone knocks again. */
const waitSeconds = 60;

export async function join(given: string | undefined, flags: JoinFlags): Promise<void> {
  const invitation = given ?? process.env[invitationVariable];
  if (invitation === undefined)
    throw new RingError(
      'USAGE',
      'join needs an invitation: copy the line that the master printed, ringtmp join HOST:PORT#SECRET',
    );
  const { secret } = parseInvitation(invitation);
  const engine = engineOf(flags);
  const { wait: seconds = waitSeconds } = flags;
  const display = flags.quiet ? undefined : new WorkerDisplay(process.stdout);
  const copies = await claimCopies(runOf(secret), flags.replicas ?? 'disk');
  const shape = flags.link === undefined ? unshaped : shapeDevice(parseLinkShape(flags.link));
  let hadPlace = false;
  const observe = (event: Event): void => {
    hadPlace ||= event.type === 'message' && placing.has(event.message.type);
    display?.take(event);
  };
  const worker = startReturning({
    knock: () => startWorker(invitation, engine, { observe, shape, snapshots: copies.store }),
    seconds,
    hadPlace: () => hadPlace,
    joined: (session) => display?.joined(session.engine.name),
    lost: (reason) => display?.line.print(`${reason}: knocking again for ${seconds} s`),
  });
  const release = onInterrupt(worker);
  let isOver = true;
  try {
    await worker.ended;
    display?.line.print('the ring has done its work');
  } catch (error) {
    // The run may be taken up again, by whoever starts it and joins it.
    isOver = hadPlace && !isLost(error);
    throw error;
  } finally {
    display?.line.clear();
    release();
    await copies.release(isOver);
  }
}

/** Follows a worker by the events that its node receives. */
class WorkerDisplay {
  readonly line: LiveLine;
  readonly #pace = new Pace();
  #training: ResolvedTraining | undefined;
  #held = '';

  constructor(output: LineOutput) {
    this.line = new LiveLine(output);
  }

  joined(engine: string): void {
    this.line.print(`engine: ${engine}`, 'joined; waiting for the ring to form');
  }

  take(event: Event): void {
    if (event.type === 'computed' && event.work.kind === 'prepareReplica') {
      this.#training = event.work.training as ResolvedTraining;
      const { layers } = this.#training.resolved;
      const bytes = event.result.prepared?.bytes ?? 0;
      this.#held = `all ${layers.length} layers`;
      this.line.print(`holds ${this.#held}: ${describeKinds(layers)}; ${formatBytes(bytes)}`);
    } else if (event.type === 'message' && event.message.type === 'appoint') {
      if (!event.message.isWorker)
        this.line.print('is a server: holds parameters, trains no samples');
    } else if (event.type === 'message' && event.message.type === 'begin') {
      const { step, rows } = event.message;
      this.#pace.passed(rows);
      this.line.update(() => this.#progress(step + 1));
    } else if (event.type === 'computed' && event.work.kind === 'prepare') {
      // The executor has validated it.
      this.#training = event.work.training as ResolvedTraining;
      const { layers } = this.#training.resolved;
      const held = event.work.stages.flatMap(({ from, to }) => layers.slice(from, to));
      const parameters = held.reduce((sum, layer) => sum + parametersOf(layer), 0);
      const bytes = event.result.prepared?.bytes ?? 0;
      this.#held = `layers ${event.work.stages.map(describeRange).join(' and ')} of ${layers.length}`;
      this.line.print(
        `holds ${this.#held}: ${describeKinds(held)}; ${formatNumberOf(parameters, 'parameter')}, ${formatBytes(bytes)}`,
      );
    } else if (event.type === 'message' && event.message.type === 'activation') {
      const { mode, step, rows } = event.message;
      this.#pace.passed(rows);
      this.line.update(() => this.#progress(mode === 'train' ? step + 1 : undefined));
    }
  }

  #progress(step: number | undefined): string {
    const steps = formatCount(this.#training?.resolved.steps ?? 0);
    const doing = step === undefined ? 'forward only' : `step ${formatCount(step)}/${steps}`;
    return `${this.#held}  ${doing}  ${formatCount(this.#pace.samplesPerSecond)} samples/s`;
  }
}
