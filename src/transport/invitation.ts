// An invitation into a ring: the one line, HOST:PORT#SECRET, that the master prints and a person
// carries to the other machines.

import { createHash, randomBytes } from 'node:crypto';

import { RingError } from '../errors.ts';
import { formatAddress, parseAddress } from './address.ts';

export interface Invitation {
  /** Where the master listens, `host:port`. */
  readonly address: string;
  readonly secret: string;
}

const secretBytes = 16;

/** A new secret of 128 random bits, in 22 characters that need no quoting. */
export const makeSecret = (): string => randomBytes(secretBytes).toString('base64url');

export const isSecret = (text: string): boolean => /^[\w-]{22}$/.test(text);

/** Writes the line. */
export const formatInvitation = ({ address, secret }: Invitation): string => `${address}#${secret}`;

/** Reads the line. Errors: ADDRESS; the secret is never part of the message. */
export function parseInvitation(text: string): Invitation {
  const [address = '', secret = '', ...rest] = text.trim().split('#');
  if (rest.length > 0 || !isSecret(secret)) {
    throw new RingError(
      'ADDRESS',
      `"${address}" comes ${secret === '' ? 'without a secret' : 'with a secret that is none'}: ` +
        'copy the whole line that the master printed, host:port#secret',
    );
  }
  return { address: formatAddress(parseAddress(address)), secret };
}

/** The name of the run that a secret leads to: who knocks knows at once whether it keeps copies of it. */
export const runOf = (secret: string): string =>
  createHash('sha256').update(`ringtmp run ${secret}`).digest('hex').slice(0, 32);
