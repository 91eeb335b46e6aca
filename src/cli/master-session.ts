// A master on this machine: engine, links, workers and node put together. Whoever wants to train,
// evaluate or predict says what with; the ring is the same.

import { afterwards } from './afterwards.ts';
import { createMaster, requireFewEnough } from './architectures.ts';
import type { Architecture } from './architectures.ts';
import type { EngineOptions } from './engine-options.ts';
import type { ResolvedTraining } from '../model/training.ts';
import type { Recording } from '../meter/recording.ts';
import type { Purpose, Report } from '../node.ts';
import type { EngineDescription, Link, Listener } from '../ports.ts';
import { withoutSaves } from '../machine/course.ts';
import type { Course } from '../machine/course.ts';
import { Recorder } from '../runtime/recorder.ts';
import { describeDevice } from './describe-device.ts';
import { gaugesOf } from './device-gauges.ts';
import { Guests } from './guests.ts';
import { measureEnergy } from './energy.ts';
import type { Sensor } from './energy.ts';
import { NodeRunner } from '../runtime/runner.ts';
import type { LayerStore } from '../runtime/runner.ts';
import type { SampleSources } from '../runtime/samples.ts';
import type { ServerSettings } from './server-flags.ts';
import { openDoor } from '../transport/door.ts';
import { formatInvitation, makeSecret } from '../transport/invitation.ts';
import { SessionHost } from '../transport/session.ts';
import { shapeDevice, unshaped } from '../transport/shaped.ts';
import type { LinkShape } from '../transport/shaped.ts';
import { TcpTransport } from '../transport/tcp.ts';
import { LocalWorkers } from './local-workers.ts';
import { gatherRecordings } from './node-recording.ts';
import type { NodeRecording } from './node-recording.ts';
import { createNodeEngine, speedOf } from './node-engine.ts';
import { withOwnLatency } from './own-links.ts';
import { hopOf, laboratory, placesOf } from './places.ts';
import { recoveryOf } from './recovery.ts';
import type { RecoveryOptions } from './recovery.ts';
import type { Replicas } from './worker-copies.ts';

export interface MasterSessionOptions extends RecoveryOptions {
  /** How the nodes train together; a ring unless it says otherwise. */
  readonly architecture?: Architecture;
  readonly training: ResolvedTraining;
  readonly purpose: Purpose;
  /** With a parameter server: how it is set up. */
  readonly server?: ServerSettings;
  readonly course: Course;
  readonly samples: SampleSources;
  /** Without one nothing is saved, and so the model is not fetched for it. */
  readonly store?: LayerStore;
  /** The store holds parameters after so many steps: begin from them. */
  readonly loadedStep?: number;
  /** What workers need to know to come in; a new one unless the run is taken up again. */
  readonly secret?: string;
  /** Where local workers keep theirs. */
  readonly replicas?: Replicas;
  readonly engine: EngineOptions;
  /** Workers to start here as processes, or to wait for on an address; and whether to let no more than those in. */
  readonly workers:
    | { readonly kind: 'local'; readonly count: number }
    | {
        readonly kind: 'join';
        readonly count: number;
        readonly listen: string;
        readonly noMore?: true;
      };
  readonly report?: (report: Report) => void;
  /** With local workers: what the links between the processes are slowed down to. */
  readonly link?: LinkShape;
  /** How long a local worker that was cut off knocks again; not at all unless it says so. */
  readonly waitSeconds?: number;
  /** The newest entries of every node's timeline are wanted, for a trace. */
  readonly trace?: boolean;
  /** Of this device: its figure is in the master's recording. */
  readonly sensor?: Sensor;
}

export interface Session {
  readonly engine: EngineDescription;
  /** What another device joins with; undefined where nobody is waited for. */
  readonly invitation: string | undefined;
  /** Settles when the run is over and everything is closed; rejects with what ended it. */
  readonly ended: Promise<void>;
  /** Ends the run in order, with the last whole step saved. */
  stop(): void;
  /** Ends the run without waiting for anybody, and local workers by force. */
  abandon(): void;
  /** Asks for a checkpoint after the step that is under way. */
  save(): void;
  /** Asks for copies of all layers after the step that is under way. */
  replicate(): void;
  /** Takes the local worker of this name away: for some seconds, or without them for good. */
  takeAway(name: string, seconds?: number): void;
  /** What every node has recorded, the master first; complete when `ended` has settled. */
  recordings(): readonly NodeRecording[];
}

export const doorTimeout = { timeoutMilliseconds: 10_000 };

/** Starts a master, and its workers if they are local. Errors: ADDRESS, ENGINE; later ones by `ended`. */
export async function startMaster(options: MasterSessionOptions): Promise<Session> {
  const { training, workers } = options;
  const { architecture = 'ring', secret = makeSecret(), snapshots } = options;
  requireFewEnough(architecture, training, workers.count + 1, options.server?.servers);
  const places = workers.kind === 'local' ? placesOf(workers.count) : undefined;
  const hop = options.link ?? (laboratory && hopOf(laboratory, workers.count + 1));
  const engine = await createNodeEngine(options.engine);
  let listener: Listener | undefined;
  let guests: Guests | undefined;
  let local: LocalWorkers | undefined;
  try {
    const machine = createMaster(
      {
        ...options,
        ...(!options.store && { course: withoutSaves(options.course) }),
        architecture,
        workers: workers.count,
        isLocal: places !== undefined && !laboratory,
        ...(snapshots && { recovery: await recoveryOf(options, secret, snapshots) }),
        ...(hop && { hop }),
      },
      engine,
      describeDevice(engine.description, await speedOf(engine)),
    );
    const { store, report, trace = false } = options;
    const recorder = new Recorder(gaugesOf(engine));
    const endMeasuring = options.sensor && measureEnergy(recorder, options.sensor);
    let isFormed = false;
    const runner = new NodeRunner({
      ...machine,
      recorder,
      trace,
      ...(store && { store }),
      ...(snapshots && { snapshots }),
      report(each) {
        isFormed ||= each.kind === 'formed';
        report?.(each);
      },
    });
    const shape = options.link ? shapeDevice(options.link) : unshaped;
    if (workers.count > 0) {
      const address = workers.kind === 'join' ? workers.listen : `${places!.host}:0`;
      const transport = new TcpTransport();
      const most = workers.kind === 'join' && workers.noMore ? workers.count : Infinity;
      guests = new Guests(most, (link) => runner.addGuest(link));
      const sessions = new SessionHost((link, gone) => guests!.take(link, gone));
      listener = await transport.listen(
        address,
        (link) => void admit(link, secret, sessions, shape),
      );
    }
    const invitation = listener && formatInvitation({ address: listener.address, secret });
    if (places && invitation)
      local = new LocalWorkers(
        places.entrances,
        invitation,
        options,
        snapshots ? (options.replicas ?? 'disk') : 'memory',
        (reason) => {
          // From then on the end of its link tells so, and the node decides what follows.
          if (!isFormed) runner.post({ type: 'failed', code: 'NODE_LOST', reason });
        },
      );
    runner.post({ type: 'start' });
    let recorded: Recording | undefined;
    const ended = afterwards(runner.ended, async () => {
      // While the engine's thread can still be asked what it used.
      recorded = recorder.recording;
      endMeasuring?.();
      await guests?.close();
      await listener?.close();
      await local?.close();
      await engine.close();
    });
    const stop = (): void => runner.post({ type: 'stop' });
    const abandon = (): void => {
      // Asked twice, a master does not wait for what it saves.
      stop();
      stop();
      local?.kill();
    };
    const save = (): void => runner.post({ type: 'save' });
    const replicate = (): void => runner.post({ type: 'replicate' });
    return {
      engine: engine.description,
      invitation: workers.kind === 'join' && workers.count > 0 ? invitation : undefined,
      ended,
      stop,
      abandon,
      save,
      replicate,
      takeAway: (name, seconds) => local?.takeAway(places!.names.indexOf(name), seconds),
      recordings: () => gatherRecordings(recorded ?? recorder.recording, runner.recordings),
    };
  } catch (error) {
    await listener?.close();
    await local?.close();
    await engine.close();
    throw error;
  }
}

/** Lets who knows the secret come in, to a session. */
export async function admit(
  link: Link,
  secret: string,
  sessions: SessionHost,
  shape: (connection: Link) => Link,
): Promise<void> {
  try {
    await openDoor(link, secret, 'host', doorTimeout);
    await sessions.admit(shape(withOwnLatency(link)));
  } catch {
    // A stranger is turned away, and told so by the door; the ring is not disturbed.
  }
}
