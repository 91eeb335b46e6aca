// A worker on this machine: it knocks at the master's door, listens for its neighbour, and computes
// what the ring sends until the training is over.

import { createEngine } from '../engine/client.ts';
import { afterwards } from './afterwards.ts';
import { createWorker } from './architectures.ts';
import type { EngineOptions } from './engine-options.ts';
import { measureSpeed } from '../engine/speed.ts';
import type { Event } from '../node.ts';
import { Recorder } from '../runtime/recorder.ts';
import { NodeRunner } from '../runtime/runner.ts';
import { formatAddress, parseAddress } from '../transport/address.ts';
import { openDoor } from '../transport/door.ts';
import { parseInvitation } from '../transport/invitation.ts';
import { keepAlive } from '../transport/liveness.ts';
import { TcpTransport } from '../transport/tcp.ts';
import type { TcpLink } from '../transport/tcp.ts';
import { gaugesOf } from './device-gauges.ts';
import { measureEnergy, openSensor } from './energy.ts';
import { describeDevice, doorTimeout } from './master-session.ts';
import type { Session } from './master-session.ts';

export type WorkerSession = Pick<Session, 'engine' | 'ended' | 'stop' | 'abandon'>;

/**
 * Joins the ring that `invitation` (HOST:PORT#SECRET) leads to; `observe` is told of every event of its
 * node. Errors: ADDRESS, SECRET, VERSION, ENGINE.
 */
export async function startWorker(
  invitation: string,
  engineOptions: EngineOptions,
  observe?: (event: Event) => void,
): Promise<WorkerSession> {
  const { address, secret } = parseInvitation(invitation);
  const transport = new TcpTransport();
  const knock = async (at: string): Promise<TcpLink> => {
    const opened = await transport.connect(at);
    await openDoor(opened, secret, 'guest', doorTimeout);
    return opened;
  };
  const tcpLink = await knock(address);
  const link = keepAlive(tcpLink);
  const engine = await createEngine(engineOptions);
  const device = describeDevice(engine.description, await measureSpeed(engine));
  let admitted: NodeRunner | undefined;
  // The neighbour reaches this device where the master does: at the address that the link goes out from.
  const listener = await transport.listen(
    formatAddress({ host: tcpLink.localHost, port: 0 }),
    (guest) => {
      openDoor(guest, secret, 'host', doorTimeout).then(
        () => admitted?.addGuest(keepAlive(guest)),
        () => undefined,
      );
    },
  );
  const join = { type: 'join', ...device, address: listener.address } as const;
  const { node, executor } = createWorker(join, engine);
  const receive: typeof node.receive = (event) => {
    observe?.(event);
    return node.receive(event);
  };
  const recorder = new Recorder(gaugesOf(engine));
  // A sensor measures its host: where the master is on the same one, the figure is the master's.
  const { localHost } = tcpLink;
  const isApart =
    !/^(127\.|::1$)/.test(localHost) && parseAddress(tcpLink.remote).host !== localHost;
  const { sensor } = isApart ? await openSensor() : {};
  const endMeasuring = sensor && measureEnergy(recorder, sensor);
  const runner = new NodeRunner({
    node: { receive },
    executor,
    recorder,
    connect: async (neighbour) => keepAlive(await knock(neighbour)),
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
