// The wording of what can go wrong with addresses and links, one voice for every transport.

import { RingError } from '../errors.ts';

export const addressInUse = (address: string): RingError =>
  new RingError('ADDRESS', `${address} is in use: choose another port, or 0 for any that is free`);

/** The device is there, and says that nobody listens: it is no use to try again. */
const nobody = 'nobody listens';

export const nobodyListens = (address: string): RingError =>
  new RingError(
    'ADDRESS',
    `nobody listens on ${address}: check the address, and that the master is running`,
    { cause: nobody },
  );

/** Whether another attempt, a little later, may reach who could not be reached now. */
export const mayPass = (error: unknown): boolean =>
  error instanceof RingError &&
  (error.code === 'NODE_LOST' || (error.code === 'ADDRESS' && error.cause !== nobody));

export const cannotBeReached = (address: string, cause?: unknown): RingError =>
  new RingError('ADDRESS', `${address} cannot be reached: check the address and the network`, {
    cause,
  });

/** The link has ended in order, or this side has closed it. */
export const linkClosed = (remote: string): RingError =>
  new RingError('NODE_LOST', `the link to ${remote} is closed`);

/** The link has ended without a goodbye. */
export const linkBroken = (remote: string, cause?: unknown): RingError =>
  new RingError('NODE_LOST', `the link to ${remote} broke: its process or the network is gone`, {
    cause,
  });

/** The other side neither sends nor ends the link. */
export const linkSilent = (remote: string, seconds: number): RingError =>
  new RingError(
    'NODE_LOST',
    `the link to ${remote} has been silent for ${seconds} s: its process is stopped, or the network is gone`,
  );

export const frameTooLarge = (remote: string, bytes: number, limit: number): RingError =>
  new RingError(
    'PROTOCOL',
    `${remote} announced a frame of ${bytes} bytes where at most ${limit} are allowed: ` +
      'check that it is a node of this ring',
  );

/** What each of the system's error codes means for an address. */
const explanations: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'is not an address of this machine: listen on 0.0.0.0 for all it has',
  EACCES: 'may not be listened on: choose a port above 1023',
  ENOTFOUND: 'has a host that nobody knows: check its name, or give its IP address',
  EAI_AGAIN: 'has a host that nobody knows: check its name, or give its IP address',
};

/** What an error of the system's says of an address. */
export function addressError(address: string, cause: NodeJS.ErrnoException): RingError {
  const code = cause.code ?? '';
  if (code === 'EADDRINUSE') return addressInUse(address);
  if (code === 'ECONNREFUSED') return nobodyListens(address);
  const what = explanations[code];
  if (what === undefined) return cannotBeReached(address, cause);
  return new RingError('ADDRESS', `${address} ${what}`, { cause });
}
