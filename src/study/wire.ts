// What a link carries for a byte of a message. A lab's links count whole Ethernet frames: TCP cuts messages into
// segments with headers before each, and acknowledges every second one the other way (RFC 9293; RFC 7323 for the
// timestamps; RFC 5681, section 4.2). No schedule gets round that, so it is part of what bounds say.

import type { FinishedTrial } from './trials.ts';

/** Ethernet, IPv4, TCP with timestamps; in bytes. */
const headerBytes = 14 + 20 + 32;
const segmentBytes = 1500 - 20 - 32;
const segmentsPerAcknowledgement = 2;

/** A device's port, by what a byte of a message takes up of it. */
export interface Port {
  /** Of the direction that it goes in; and, by its acknowledgement, of the other one. */
  readonly secondsPerByte: number;
  readonly acknowledgementSecondsPerByte: number;
  readonly latencySeconds: number;
}

/** As slow as a trial's place made it; without limit where nobody knows. */
export function portOf({ condition, place }: FinishedTrial): Port {
  const links = condition.devices.map(({ link }) => link);
  const bits = Math.min(...links.map(({ bitsPerSecond }) => bitsPerSecond));
  const seconds = bits > 0 ? 8 / (bits * place.scale) : 0;
  const latencySeconds = Math.min(...links.map((link) => link.latencySeconds)) / place.scale;
  const headersPerByte = place.kind === 'lab' ? headerBytes / segmentBytes : 0;
  return {
    secondsPerByte: seconds * (1 + headersPerByte),
    acknowledgementSecondsPerByte: (seconds * headersPerByte) / segmentsPerAcknowledgement,
    latencySeconds,
  };
}
