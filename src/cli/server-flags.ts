// How a parameter server is set up, from the flags that say it.

import { RingError } from '../errors.ts';
import { parseConsistency, requireNoClipping } from '../parameter-server/consistency.ts';
import type { Consistency } from '../parameter-server/consistency.ts';
import type { Servers } from '../parameter-server/enrolment.ts';
import type { Architecture } from './architectures.ts';

export interface ServerFlags {
  readonly consistency?: string;
  readonly servers?: string;
}

export interface ServerSettings {
  readonly consistency: Consistency;
  readonly servers: Servers;
}

/**
 * The settings for a run of so many nodes, the master among them; undefined for another architecture.
 * Errors: USAGE.
 */
export function serverOf(
  flags: ServerFlags & { readonly architecture?: Architecture },
  { clipNorm }: { readonly clipNorm?: number | undefined },
  nodes: number,
): ServerSettings | undefined {
  if (flags.architecture !== 'parameter-server') {
    if (flags.consistency === undefined && flags.servers === undefined) return undefined;
    throw new RingError(
      'USAGE',
      '--consistency and --servers are for a parameter server: give --architecture parameter-server, too',
    );
  }
  const consistency = parseConsistency(flags.consistency ?? 'bsp');
  requireNoClipping(consistency, clipNorm);
  return { consistency, servers: parseServers(flags.servers ?? '1', nodes) };
}

function parseServers(text: string, nodes: number): Servers {
  if (text === 'colocated') return text;
  const servers = Number(text);
  if (!/^\d+$/.test(text) || servers < 1)
    throw new RingError(
      'USAGE',
      `--servers ${text}: give a whole number from 1, or colocated for a shard beside every worker`,
    );
  if (servers >= nodes)
    throw new RingError(
      'USAGE',
      `--servers ${servers} leaves none of ${nodes} ${nodes === 1 ? 'node' : 'nodes'} to compute: ask for more nodes, fewer servers, or --servers colocated`,
    );
  return servers;
}
