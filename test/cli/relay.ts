// A relay between a worker and its master, to break their link by: to be cut, which both sides see, or
// pulled like a cable, which neither does.

import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Relay {
  /** The invitation that leads to the master through this relay. */
  readonly invitation: string;
  /** Ends every connection, in the middle of whatever it carries; new ones pass again. */
  cut(): void;
  /** From now on nothing passes, and nobody is told. */
  pull(): void;
  close(): void;
}

/** `invitation`: HOST:PORT#SECRET of the master. */
export async function startRelay(invitation: string): Promise<Relay> {
  const [, host, port, secret] = /^(.*):(\d+)#(.*)$/.exec(invitation)!;
  const sockets = new Set<Socket>();
  let isPulled = false;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const pair = [near];
    if (!isPulled) {
      const far = connect(Number(port), host);
      pair.push(far);
      near.pipe(far).pipe(near);
    }
    for (const socket of pair) {
      sockets.add(socket);
      socket.setNoDelay(true);
      const end = (): void => {
        sockets.delete(socket);
        if (!isPulled) for (const each of pair) each.destroy();
      };
      socket.on('error', end);
      socket.on('close', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    invitation: `127.0.0.1:${(server.address() as AddressInfo).port}#${secret}`,
    cut,
    pull() {
      isPulled = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    close() {
      server.close();
      cut();
    },
  };
}
