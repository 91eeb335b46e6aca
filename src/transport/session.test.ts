import type { Link, Transport } from '../ports.ts';
import { openDoor } from './door.ts';
import { makeSecret } from './invitation.ts';
import { complyWithLink } from './link.compliance.ts';
import { MemoryTransport } from './memory.ts';
import type { Ticker } from './ticker.ts';
import { openSession, SessionHost } from './session.ts';
import { TcpTransport } from './tcp.ts';

const secret = makeSecret();
const patient = { timeoutMilliseconds: 10_000 };

/** Time passes a little faster than it does. */
const faster: Ticker = (tick) => {
  const timer = setInterval(tick, 50);
  return () => clearInterval(timer);
};

/** Sessions behind a door, as a transport. */
const sessionsOver = (transport: Transport): Transport => ({
  listen(address, accept) {
    const host = new SessionHost(accept, faster);
    return transport.listen(address, (connection) => {
      openDoor(connection, secret, 'host', patient).then(
        () => host.admit(connection),
        () => undefined,
      );
    });
  },
  connect: (address) =>
    openSession(async () => {
      const connection = await transport.connect(address);
      await openDoor(connection, secret, 'guest', patient);
      return connection;
    }, faster),
});

const kill = (link: Link): void => link.abort();

complyWithLink('a session over memory', {
  create: () => sessionsOver(new MemoryTransport()),
  kill,
  isAdmitted: true,
});
complyWithLink('a session over TCP', {
  create: () => sessionsOver(new TcpTransport()),
  kill,
  isAdmitted: true,
});
