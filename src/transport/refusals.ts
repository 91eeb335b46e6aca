// The wording of what can go wrong with addresses and links, one voice for every transport.

import { RingError } from '../errors.ts';

export const addressInUse = (address: string): RingError =>
  new RingError('ADDRESS', `${address} is in use: choose another port, or 0 for any that is free`);

export const nobodyListens = (address: string): RingError =>
  new RingError(
    'ADDRESS',
    `nobody listens on ${address}: check the address, and that the master is running`,
  );

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
