// A worker on this machine: it knocks at the master's door, listens for its neighbour, and computes
// what the ring sends until the training is over.

import { afterwards } from './afterwards.ts';
import { createWorker } from './architectures.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Event } from '../node.ts';
import type { Link } from '../ports.ts';
import { Recorder } from '../runtime/recorder.ts';
import { NodeRunner } from '../runtime/runner.ts';
import type { SnapshotStore } from '../runtime/snapshots.ts';
import { formatAddress, parseAddress } from '../transport/address.ts';
import { openDoor } from '../transport/door.ts';
import { parseInvitation } from '../transport/invitation.ts';
import { openSession, SessionHost } from '../transport/session.ts';
import { unshaped } from '../transport/shaped.ts';
import { TcpTransport } from '../transport/tcp.ts';
import { gaugesOf } from './device-gauges.ts';
import { measureEnergy, openSensor } from './energy.ts';
import { describeDevice } from './describe-device.ts';
import { admit, doorTimeout } from './master-session.ts';
import type { Session } from './master-session.ts';
import { createNodeEngine, speedOf } from './node-engine.ts';
import { withOwnLatency } from './own-links.ts';

export type WorkerSession = Pick<Session, 'engine' | 'ended' | 'stop' | 'abandon'>;

export interface WorkerSessionOptions {
  /** Is told of every event of the node. */
  readonly observe?: (event: Event) => void;
  /** Where copies of layers are kept; without, in memory. */
  readonly snapshots?: SnapshotStore;
  /** Slows the links down. */
  readonly shape?: (link: Link) => Link;
}

/** Joins the ring that `invitation` (HOST:PORT#SECRET) leads to. Errors: ADDRESS, SECRET, VERSION, ENGINE. */
export async function startWorker(
  invitation: string,
  engineOptions: EngineOptions,
  { observe, snapshots, shape = unshaped }: WorkerSessionOptions = {},
): Promise<WorkerSession> {
  const { address, secret } = parseInvitation(invitation);
  const transport = new TcpTransport();
  let localHost = '';
  const knock = (at: string): Promise<Link> =>
    openSession(async () => {
      const opened = await transport.connect(at);
      await openDoor(opened, secret, 'guest', doorTimeout);
      ({ localHost } = opened);
      return shape(withOwnLatency(opened));
    });
  const link = await knock(address);
  const engine = await createNodeEngine(engineOptions);
  const device = describeDevice(engine.description, await speedOf(engine));
  let admitted: NodeRunner | undefined;
  const sessions = new SessionHost((guest) => admitted?.addGuest(guest));
  // The neighbour reaches this device where the master does: at the address that the link goes out from.
  const listener = await transport.listen(
    formatAddress({ host: localHost, port: 0 }),
    (guest) => void admit(guest, secret, sessions, shape),
  );
  const holdings = await snapshots?.holdings();
  const join = { type: 'join', ...device, address: listener.address, ...holdings } as const;
  const { node, executor } = createWorker(join, engine);
  const receive: typeof node.receive = (event) => {
    observe?.(event);
    return node.receive(event);
  };
  const recorder = new Recorder(gaugesOf(engine));
  // A sensor measures its host: where the master is on the same one, the figure is the master's.
  const isApart = !/^(127\.|::1$)/.test(localHost) && parseAddress(link.remote).host !== localHost;
  const { sensor } = isApart ? await openSensor() : {};
  const endMeasuring = sensor && measureEnergy(recorder, sensor);
  const runner = new NodeRunner({
    node: { receive },
    executor,
    recorder,
    ...(snapshots && { snapshots }),
    connect: knock,
  });
  admitted = runner;
  runner.addMaster(link);
  const ended = afterwards(runner.ended, async () => {
    endMeasuring?.();
    await listener.close();
    await engine.close();
  });
  const stop = (): void => runner.post({ type: 'stop' });
  // It waits for nobody but the master.
  const abandon = (): void => {
    stop();
    link.abort();
  };
  return { engine: engine.description, ended, stop, abandon };
}
