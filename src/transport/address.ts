// `host:port`, as people write it; an IPv6 host stands in brackets.

import { RingError } from '../errors.ts';

export interface Address {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port` or `[ipv6]:port`. Errors: ADDRESS. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^\s:[\]#]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new RingError(
      'ADDRESS',
      `"${text}" is not an address: write HOST:PORT, as in 192.168.1.7:7000 or [fe80::1]:7000`,
    );
  }
  return { host, port };
}

/** Writes `host:port`, with brackets round an IPv6 host. */
export const formatAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
