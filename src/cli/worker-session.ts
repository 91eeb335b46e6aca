// A worker on this machine: it knocks at the master's door, listens for its neighbour, and computes
// what the ring sends until the training is over.

import { createEngine } from '../engine/client.ts';
import { afterwards } from './afterwards.ts';
import { createWorker } from './architectures.ts';
import type { EngineOptions } from './engine-options.ts';
import { measureSpeed } from '../engine/speed.ts';
import type { Event } from '../node.ts';
import { NodeRunner } from '../runtime/runner.ts';
import { formatAddress } from '../transport/address.ts';
import { openDoor } from '../transport/door.ts';
import { parseInvitation } from '../transport/invitation.ts';
import { TcpTransport } from '../transport/tcp.ts';
import { describeDevice, doorTimeout } from './master-session.ts';
import type { Session } from './master-session.ts';

export type WorkerSession = Pick<Session, 'engine' | 'ended' | 'stop'>;

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
  const link = await transport.connect(address);
  await openDoor(link, secret, 'guest', doorTimeout);
  const engine = await createEngine(engineOptions);
  const device = describeDevice(engine.description, await measureSpeed(engine));
  let admitted: NodeRunner | undefined;
  // The neighbour reaches this device where the master does: at the address that the link goes out from.
  const listener = await transport.listen(
    formatAddress({ host: link.localHost, port: 0 }),
    (guest) => {
      openDoor(guest, secret, 'host', doorTimeout).then(
        () => admitted?.addGuest(guest),
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
  const runner = new NodeRunner({
    node: { receive },
    executor,
    connect: async (neighbour) => {
      const opened = await transport.connect(neighbour);
      await openDoor(opened, secret, 'guest', doorTimeout);
      return opened;
    },
  });
  admitted = runner;
  runner.addMaster(link);
  const ended = afterwards(runner.ended, async () => {
    await listener.close();
    await engine.close();
  });
  const stop = (): void => runner.post({ type: 'stop' });
  return { engine: engine.description, ended, stop };
}
