// A network in a few words, as on the command line: `20mbit`, `20mbit,5ms`, `54mbit,3ms,shared`.

import { RingError } from '../errors.ts';
import type { ExpectedLink } from '../expectation/setting.ts';
import type { LinkShape } from '../transport/shaped.ts';

const bitsOf: Readonly<Record<string, number>> = { kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const defaultLatencySeconds = 1e-3;

/**
 * Rate of a device's port (bits a second, as `tc` writes them), latency one way (1 ms unless it is
 * said), and `shared` where all devices share one medium, as behind one Wi-Fi access point. Errors: USAGE.
 */
export function parseLink(text: string): ExpectedLink {
  const [rate = '', ...rest] = text
    .toLowerCase()
    .split(',')
    .map((part) => part.trim());
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]bit)$/.exec(rate) ?? [];
  const kind = rest.includes('shared') ? 'shared' : 'duplex';
  const latencies = rest.filter((part) => part !== 'shared');
  const [, milliseconds] = /^(\d+(?:\.\d+)?)ms$/.exec(latencies[0] ?? '') ?? [];
  const isLatency = latencies.length === 0 || (latencies.length === 1 && milliseconds);
  if (!(Number(number) > 0) || !isLatency)
    throw new RingError(
      'USAGE',
      `--link ${text}: give a rate and, if you like, a latency and the word shared: 20mbit, or 20mbit,5ms, or 54mbit,3ms,shared`,
    );
  return {
    kind,
    bytesPerSecond: (Number(number) * bitsOf[unit]!) / 8,
    latencySeconds:
      milliseconds === undefined ? defaultLatencySeconds : Number(milliseconds) / 1000,
  };
}

/** A network whose links are slowed down here: the rate is each device's own. Errors: USAGE. */
export function parseLinkShape(text: string): LinkShape {
  const { kind, ...shape } = parseLink(text);
  if (kind === 'duplex') return shape;
  throw new RingError(
    'USAGE',
    `--link ${text}: processes here cannot share a medium: leave out the word shared, or ask ringtmp plan`,
  );
}

/** As `parseLinkShape` reads it. */
export const formatLink = ({ bytesPerSecond, latencySeconds }: LinkShape): string =>
  `${(8 * bytesPerSecond) / 1e3}kbit,${1000 * latencySeconds}ms`;

/** `20 Mbit/s each way, 5 ms` */
export function describeLink({ kind, bytesPerSecond, latencySeconds }: ExpectedLink): string {
  const megabits = (8 * bytesPerSecond) / 1e6;
  const how = kind === 'shared' ? 'shared by all' : 'each way';
  return `${Number(megabits.toPrecision(3))} Mbit/s ${how}, ${Number((1000 * latencySeconds).toPrecision(3))} ms`;
}
