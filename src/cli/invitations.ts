// The line to paste on another machine: `ringtmp join HOST:PORT#SECRET`. A master that listens on all
// its addresses does not know which one others reach it by, so it names each.

import { networkInterfaces } from 'node:os';

import { parseAddress, formatAddress } from '../transport/address.ts';
import { parseInvitation, formatInvitation } from '../transport/invitation.ts';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** The same invitation for each address that other devices may reach this one by. */
export function reachableInvitations(
  invitation: string,
  interfaces: Interfaces = networkInterfaces(),
): string[] {
  const { address, secret } = parseInvitation(invitation);
  const { host, port } = parseAddress(address);
  if (host !== '0.0.0.0' && host !== '::') return [invitation];
  const families = host === '::' ? ['IPv4', 'IPv6'] : ['IPv4'];
  const reachable = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family, address: own }) => {
      // A link-local address means nothing without the name of the other machine's interface.
      const isLinkLocal = own.toLowerCase().startsWith('fe80:');
      return !internal && !isLinkLocal && families.includes(family);
    })
    .map(({ address: own }) => own);
  const hosts = reachable.length > 0 ? reachable : ['127.0.0.1'];
  return hosts.map((own) =>
    formatInvitation({ address: formatAddress({ host: own, port }), secret }),
  );
}
