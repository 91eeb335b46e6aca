// The network of a lab, as the commands that make it: each device a namespace with one interface, all
// joined by a bridge in a namespace of its own. So nothing of it can be seen from the machine's own network,
// no address of it can clash with one in use, and it is gone with its namespaces.

import type { Device } from './device.ts';
import { namespaceName } from './name.ts';

/** A program and its arguments. */
export type Command = readonly string[];

/** How long a full queue takes to drain; what comes on top is dropped, and TCP sends slower. */
const queueSeconds = 0.2;
/** How much may leave at once after a pause: little, and at least two packets. */
const burst = { seconds: 0.002, leastBytes: 2 * 1514 };

/** The address of a device, counted from 1. */
export const addressOf = (device: number): string => `10.77.0.${device}`;

/** In order; all of it goes when the namespaces are deleted. */
export function networkCommands(lab: string, devices: readonly Device[]): Command[] {
  const hub = namespaceName(lab, 'switch');
  const medium = devices.find(({ link }) => link.kind === 'wifi')?.link;
  return [
    ['ip', 'netns', 'add', hub],
    ['ip', '-n', hub, 'link', 'add', 'bridge', 'type', 'bridge'],
    ['ip', '-n', hub, 'link', 'set', 'bridge', 'up'],
    ...(medium ? mediumCommands(hub, medium.bitsPerSecond) : []),
    ...devices.flatMap((device, at) => deviceCommands(lab, at + 1, device)),
  ];
}

/** What stands for the air: a device through which every frame on Wi-Fi passes, once for each hop. */
const mediumCommands = (hub: string, bitsPerSecond: number): Command[] => [
  ['ip', '-n', hub, 'link', 'add', 'air', 'type', 'ifb'],
  ['ip', '-n', hub, 'link', 'set', 'air', 'up'],
  limit(hub, 'air', bitsPerSecond),
];

function deviceCommands(lab: string, number: number, { link }: Device): Command[] {
  const [hub, own] = [namespaceName(lab, 'switch'), namespaceName(lab, number)];
  const port = `port${number}`;
  return [
    ['ip', 'netns', 'add', own],
    ['ip', '-n', own, 'link', 'set', 'lo', 'up'],
    ['ip', 'link', 'add', 'eth0', 'netns', own, 'type', 'veth', 'peer', 'name', port, 'netns', hub],
    ['ip', '-n', own, 'address', 'add', `${addressOf(number)}/24`, 'dev', 'eth0'],
    ...(link.kind === 'wifi'
      ? [
          ['tc', '-n', hub, 'qdisc', 'add', 'dev', port, 'clsact'],
          throughAir(hub, port, 'ingress'),
          throughAir(hub, port, 'egress'),
        ]
      : [limit(own, 'eth0', link.bitsPerSecond), limit(hub, port, link.bitsPerSecond)]),
    ['ip', '-n', own, 'link', 'set', 'eth0', 'up'],
    // As boards do it. A machine set to BBR, as servers often are, leaves slow links unused between messages.
    ['ip', '-n', own, 'route', 'change', '10.77.0.0/24', 'dev', 'eth0', 'congctl', 'cubic'],
    ['ip', '-n', hub, 'link', 'set', port, 'master', 'bridge', 'up'],
  ];
}

/** What leaves by an interface leaves at this rate: a token bucket. */
function limit(namespace: string, device: string, bitsPerSecond: number): Command {
  const burstBytes = Math.max(burst.leastBytes, (bitsPerSecond / 8) * burst.seconds);
  const rate = ['rate', `${Math.round(bitsPerSecond)}bit`, 'burst', `${Math.round(burstBytes)}b`];
  const latency = ['latency', `${1000 * queueSeconds}ms`];
  return ['tc', '-n', namespace, 'qdisc', 'add', 'dev', device, 'root', 'tbf', ...rate, ...latency];
}

function throughAir(hub: string, port: string, direction: 'ingress' | 'egress'): Command {
  const everything = ['protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
  const redirect = ['action', 'mirred', 'egress', 'redirect', 'dev', 'air'];
  return ['tc', '-n', hub, 'filter', 'add', 'dev', port, direction, ...everything, ...redirect];
}
