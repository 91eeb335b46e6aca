// A master on this machine: engine, links, workers and node put together. Whoever wants to train,
// evaluate or predict says what with; the ring is the same.

import { availableParallelism, hostname, totalmem } from 'node:os';

import { RingError } from '../errors.ts';
import { createEngine } from '../engine/client.ts';
import { afterwards } from './afterwards.ts';
import type { EngineOptions } from './engine-options.ts';
import { measureSpeed } from '../engine/speed.ts';
import { learningRateAt } from '../model/learning-rate.ts';
import { updateScalars } from '../model/stage.ts';
import { ringTraining } from '../model/training.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Purpose, Report } from '../node.ts';
import { cutStages } from '../plan/cutter.ts';
import type { EngineDescription, Link, Listener } from '../ports.ts';
import type { Pass } from '../machine/course.ts';
import { Master } from '../ring/master.ts';
import { EngineExecutor } from '../runtime/executor.ts';
import { NodeRunner } from '../runtime/runner.ts';
import type { LayerStore } from '../runtime/runner.ts';
import { SampleReader } from '../runtime/samples.ts';
import type { SampleSources } from '../runtime/samples.ts';
import { openDoor } from '../transport/door.ts';
import { formatInvitation, makeSecret } from '../transport/invitation.ts';
import { TcpTransport } from '../transport/tcp.ts';
import { LocalWorkers } from './local-workers.ts';
import { version } from './version.ts';

export interface MasterSessionOptions {
  readonly training: ResolvedTraining;
  readonly purpose: Purpose;
  readonly course: Iterator<Pass>;
  readonly samples: SampleSources;
  readonly store?: LayerStore;
  /** The store holds parameters after so many steps: begin from them. */
  readonly loadedStep?: number;
  readonly engine: EngineOptions;
  /** Workers to start here as processes, or to wait for on an address. */
  readonly workers:
    | { readonly kind: 'local'; readonly count: number }
    | { readonly kind: 'join'; readonly count: number; readonly listen: string };
  readonly report?: (report: Report) => void;
}

export interface Session {
  readonly engine: EngineDescription;
  /** What another device joins with; undefined where nobody is waited for. */
  readonly invitation: string | undefined;
  /** Settles when the run is over and everything is closed; rejects with what ended it. */
  readonly ended: Promise<void>;
  /** Ends the run at once, with the last whole step saved. */
  stop(): void;
  /** Asks for a checkpoint after the step that is under way. */
  save(): void;
}

export const doorTimeout = { timeoutMilliseconds: 10_000 };

/** Starts a master, and its workers if they are local. Errors: ADDRESS, ENGINE; later ones by `ended`. */
export async function startMaster(options: MasterSessionOptions): Promise<Session> {
  const { training, workers } = options;
  requireFewEnough(training, workers.count);
  const engine = await createEngine(options.engine);
  let listener: Listener | undefined;
  let local: LocalWorkers | undefined;
  try {
    const executor = new EngineExecutor(engine, new SampleReader(options.samples));
    const node = new Master(
      await masterOptions(options, engine.description, await measureSpeed(engine)),
    );
    const { store, report } = options;
    const runner = new NodeRunner({
      node,
      executor,
      ...(store && { store }),
      ...(report && { report }),
    });
    const secret = makeSecret();
    if (workers.count > 0) {
      const address = workers.kind === 'join' ? workers.listen : '127.0.0.1:0';
      const transport = new TcpTransport();
      listener = await transport.listen(address, (link) => void admit(link, secret, runner));
    }
    const invitation = listener && formatInvitation({ address: listener.address, secret });
    if (workers.kind === 'local' && invitation)
      local = new LocalWorkers(workers.count, invitation, options.engine, (reason) =>
        runner.post({ type: 'failed', code: 'NODE_LOST', reason }),
      );
    runner.post({ type: 'start' });
    const ended = afterwards(runner.ended, async () => {
      await listener?.close();
      await local?.close();
      await engine.close();
    });
    const stop = (): void => runner.post({ type: 'stop' });
    const save = (): void => runner.post({ type: 'save' });
    const isOpen = workers.kind === 'join' && workers.count > 0;
    return {
      engine: engine.description,
      invitation: isOpen ? invitation : undefined,
      ended,
      stop,
      save,
    };
  } catch (error) {
    await listener?.close();
    await local?.close();
    await engine.close();
    throw error;
  }
}

/** Tells before anyone is waited for that the model has too few layers. */
function requireFewEnough({ resolved }: ResolvedTraining, workers: number): void {
  const usable = Math.max(
    1,
    resolved.layers.filter(({ parameters }) => parameters.length > 0).length,
  );
  if (workers + 1 <= usable) return;
  throw new RingError(
    'TOO_MANY_NODES',
    `the model has ${usable} layers with parameters, so a ring can use at most ${usable} nodes, not ${workers + 1}: ask for fewer nodes or add layers`,
  );
}

async function admit(link: Link, secret: string, runner: NodeRunner): Promise<void> {
  try {
    await openDoor(link, secret, 'host', doorTimeout);
    runner.addGuest(link);
  } catch {
    // A stranger is turned away, and told so by the door; the ring is not disturbed.
  }
}

async function masterOptions(
  options: MasterSessionOptions,
  engine: EngineDescription,
  flops: number,
): Promise<ConstructorParameters<typeof Master>[0]> {
  const { training, purpose, course, workers, loadedStep } = options;
  const { layers, rows, steps } = training.resolved;
  return {
    training: ringTraining(training),
    purpose,
    course,
    rows,
    workers: workers.count,
    layersWithParameters: layers.flatMap(({ parameters, state }, layer) =>
      parameters.length + state.length > 0 ? [layer] : [],
    ),
    capabilities: describeDevice(engine, flops),
    cut: (members) => cutStages({ training, members, purpose, isLocal: workers.kind === 'local' }),
    schedule: (step, factor) => {
      const learningRate = learningRateAt(training.learningRate, step, steps);
      return {
        learningRate,
        scalars: [...updateScalars(training, step + 1, learningRate, factor)],
      };
    },
    ...(training.clipNorm !== undefined && { clipNorm: training.clipNorm }),
    ...(loadedStep !== undefined && { loadedStep }),
  };
}

/** What this device says of itself. */
export const describeDevice = (
  engine: EngineDescription,
  flops: number,
): ConstructorParameters<typeof Master>[0]['capabilities'] => ({
  name: hostname(),
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  engine,
  flops,
  version,
});
