// Connections of this process: where it runs in a lab with the latency of its device, which not every
// kernel can add.

import type { Link } from '../ports.ts';
import { shapeDevice } from '../transport/shaped.ts';
import { laboratory } from './places.ts';

const latencySeconds = laboratory?.own.link.latencySeconds ?? 0;

/** The connection as this device has it, once its peer is let in. The rate is the kernel's business. */
export const withOwnLatency: (connection: Link) => Link =
  latencySeconds > 0
    ? shapeDevice({ bytesPerSecond: Infinity, latencySeconds })
    : (connection) => connection;
