// Who of the devices is what: the master and all that are not servers compute, the last that joined are
// servers, or everyone is both.

import { masterId } from '../node.ts';
import type { NodeId, NodeReport } from '../node.ts';
import type { Capabilities, Member } from '../data-parallel/group.ts';
import type { ShareParts } from '../data-parallel/share.ts';
import type { Data } from '../data-parallel/shipping.ts';
import type { RingTraining } from '../model/training.ts';
import type { MessageOf } from '../protocol/messages.ts';
import type { Consistency } from './consistency.ts';

/** How many devices are servers; `colocated`: a shard stands beside every worker. */
export type Servers = number | 'colocated';

export interface FormationOptions {
  /** As it is sent to all. */
  readonly training: RingTraining;
  /** Devices besides the master. */
  readonly devices: number;
  readonly servers: Servers;
  readonly consistency: Consistency;
  readonly capabilities: Capabilities;
  readonly data: Data;
  readonly clipNorm?: number;
}

export interface Roles {
  readonly workers: readonly NodeId[];
  /** In order of their shards. */
  readonly servers: readonly NodeId[];
}

/** The roles of these members, the master first. */
export function assignRoles(members: readonly Pick<Member, 'node'>[], servers: Servers): Roles {
  const nodes = members.map(({ node }) => node);
  if (servers === 'colocated') return { workers: nodes, servers: nodes };
  return { workers: nodes.slice(0, -servers), servers: nodes.slice(-servers) };
}

/**
 * The roles of who is left: what a server kept the others keep, and when it was the last, the worker that
 * joined last becomes one. A master alone is both.
 */
export function rolesLeft(roles: Roles, isHere: (node: NodeId) => boolean): Roles {
  const workers = roles.workers.filter(isHere);
  const servers = roles.servers.filter(isHere);
  if (servers.length > 0) return { workers, servers };
  if (workers.length === 1) return { workers, servers: workers };
  return { workers: workers.slice(0, -1), servers: workers.slice(-1) };
}

export const withRoles = (
  reports: readonly NodeReport[],
  { workers, servers }: Roles,
): readonly NodeReport[] =>
  reports.map((report) => {
    const roles: ('worker' | 'server')[] = [];
    if (workers.includes(report.node)) roles.push('worker');
    if (servers.includes(report.node)) roles.push('server');
    return { ...report, roles };
  });

export interface EnrolmentOptions extends ShareParts {
  readonly consistency: Consistency;
  readonly clips: boolean;
  /** That the parameters have had to begin with. */
  readonly updates: number;
  readonly training: unknown;
}

/** What each member is told. Of two that need a link, the one that joined later opens it. */
export function appointments(
  members: readonly Member[],
  { workers, servers }: Roles,
  options: EnrolmentOptions,
): readonly MessageOf<'appoint'>[] {
  const areLinked = (a: NodeId, b: NodeId): boolean =>
    a !== b &&
    ((workers.includes(a) && servers.includes(b)) || (workers.includes(b) && servers.includes(a)));
  return members.map(({ node }, index) => {
    const isNeighbour = (other: Member): boolean =>
      other.node !== masterId && node !== masterId && areLinked(node, other.node);
    const shard = servers.indexOf(node);
    return {
      type: 'appoint',
      node,
      servers: [...servers],
      ...(shard < 0 ? {} : { shard }),
      isWorker: workers.includes(node),
      dial: members
        .slice(0, index)
        .filter(isNeighbour)
        .map(({ node, address }) => ({ node, address })),
      links: members.filter(isNeighbour).map(({ node }) => node),
      ...options,
    };
  });
}
