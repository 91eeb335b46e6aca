import { expect, test } from 'vitest';

import type { Device } from './device.ts';
import { entryFiles, findHierarchies, quotaOf, shareIn } from './groups.ts';
import { planLab } from './plan.ts';

const device = (name: string, kind: 'wired' | 'wifi'): Device => ({
  name,
  board: 'pi-4b',
  coreFlops: 5e9,
  coreShare: 0.11,
  memoryBytes: 512e6,
  link: { kind, bitsPerSecond: 20e6, latencySeconds: 0 },
});
const first = {
  version: 1,
  cpu: '/sys/fs/cgroup/cpu',
  memory: '/sys/fs/cgroup/memory',
} as const;
const second = { version: 2, cpu: '/sys/fs/cgroup', memory: '/sys/fs/cgroup' } as const;

const plan = planLab({
  name: 'L',
  hierarchies: first,
  devices: [device('a-1', 'wired'), device('b-2', 'wifi')],
  scale: 0.5,
});

test('the network: a namespace each, joined by a bridge, the rates where each kind of link has them', () => {
  expect(plan.commands.map((command) => command.join(' '))).toEqual([
    'ip netns add L-switch',
    'ip -n L-switch link add bridge type bridge',
    'ip -n L-switch link set bridge up',
    'ip -n L-switch link add air type ifb',
    'ip -n L-switch link set air up',
    'tc -n L-switch qdisc add dev air root tbf rate 20000000bit burst 5000b latency 200ms',
    'ip netns add L-1',
    'ip -n L-1 link set lo up',
    'ip link add eth0 netns L-1 type veth peer name port1 netns L-switch',
    'ip -n L-1 address add 10.77.0.1/24 dev eth0',
    'tc -n L-1 qdisc add dev eth0 root tbf rate 20000000bit burst 5000b latency 200ms',
    'tc -n L-switch qdisc add dev port1 root tbf rate 20000000bit burst 5000b latency 200ms',
    'ip -n L-1 link set eth0 up',
    'ip -n L-1 route change 10.77.0.0/24 dev eth0 congctl cubic',
    'ip -n L-switch link set port1 master bridge up',
    'ip netns add L-2',
    'ip -n L-2 link set lo up',
    'ip link add eth0 netns L-2 type veth peer name port2 netns L-switch',
    'ip -n L-2 address add 10.77.0.2/24 dev eth0',
    'tc -n L-switch qdisc add dev port2 clsact',
    'tc -n L-switch filter add dev port2 ingress protocol all u32 match u32 0 0 action mirred egress redirect dev air',
    'tc -n L-switch filter add dev port2 egress protocol all u32 match u32 0 0 action mirred egress redirect dev air',
    'ip -n L-2 link set eth0 up',
    'ip -n L-2 route change 10.77.0.0/24 dev eth0 congctl cubic',
    'ip -n L-switch link set port2 master bridge up',
  ]);
});

test('nothing is made or changed outside the namespaces of the lab', () => {
  const outside = plan.commands
    .map((command) => command.join(' '))
    .filter((line) => !/^(?:ip|tc) -n L-|^ip netns add L-/.test(line));
  expect(outside).toHaveLength(2);
  for (const line of outside)
    expect(line).toMatch(/^ip link add eth0 netns L-\d type veth peer name port\d netns L-switch$/);
});

const lines = (hierarchies: typeof first | typeof second): string[] =>
  planLab({ name: 'L', hierarchies, devices: [device('a-1', 'wired')], scale: 1 }).settings.map(
    ({ folder, file, text }) => `${folder}/${file} ${text}`,
  );

test('control groups of version 1', () => {
  expect(lines(first)).toEqual([
    '/sys/fs/cgroup/cpu/L/cpu.shares 262144',
    '/sys/fs/cgroup/memory/L/a-1/memory.limit_in_bytes 512000000',
    '/sys/fs/cgroup/memory/L/a-1/memory.memsw.limit_in_bytes 512000000',
    '/sys/fs/cgroup/cpu/L/a-1/engine/cpu.cfs_period_us 10000',
    '/sys/fs/cgroup/cpu/L/a-1/engine/cpu.cfs_quota_us 1100',
    '/sys/fs/cgroup/cpu/L/a-1/rest/cpu.cfs_period_us 10000',
    '/sys/fs/cgroup/cpu/L/a-1/rest/cpu.cfs_quota_us 1100',
  ]);
});

test('control groups of version 2', () => {
  expect(lines(second)).toEqual([
    '/sys/fs/cgroup/cgroup.subtree_control +cpu +memory',
    '/sys/fs/cgroup/L/cgroup.subtree_control +cpu +memory',
    '/sys/fs/cgroup/L/cpu.weight 10000',
    '/sys/fs/cgroup/L/a-1/memory.max 512000000',
    '/sys/fs/cgroup/L/a-1/memory.swap.max 0',
    '/sys/fs/cgroup/L/a-1/engine/cgroup.type threaded',
    '/sys/fs/cgroup/L/a-1/rest/cgroup.type threaded',
    '/sys/fs/cgroup/L/a-1/cgroup.subtree_control +cpu',
    '/sys/fs/cgroup/L/a-1/engine/cpu.max 1100 10000',
    '/sys/fs/cgroup/L/a-1/rest/cpu.max 1100 10000',
  ]);
});

test('a process joins a device, and its computing thread a core of its own', () => {
  expect(entryFiles(first, 'L', 'a-1')).toEqual([
    '/sys/fs/cgroup/memory/L/a-1/cgroup.procs',
    '/sys/fs/cgroup/cpu/L/a-1/rest/tasks',
  ]);
  expect(entryFiles(second, 'L', 'a-1')).toEqual([
    '/sys/fs/cgroup/L/a-1/cgroup.procs',
    '/sys/fs/cgroup/L/a-1/rest/cgroup.threads',
  ]);
  const [device] = plan.laboratory.devices;
  expect(device?.engineFile).toBe('/sys/fs/cgroup/cpu/L/a-1/engine/tasks');
});

test.each([
  [1, { quota: 10_000, period: 10_000 }],
  [0.1, { quota: 1000, period: 10_000 }],
  [0.04, { quota: 1000, period: 25_000 }],
  [0.0001, { quota: 1000, period: 1_000_000 }],
])(
  '%d of a core is a share of a short period, and at least what a kernel takes',
  (cores, quota) => {
    expect(quotaOf(cores)).toEqual(quota);
  },
);

test.each([
  [first, { 'cpu.cfs_quota_us': '1100\n', 'cpu.cfs_period_us': '10000\n' }, 0.11],
  [first, { 'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n' }, 0],
  [second, { 'cpu.max': '1100 10000\n' }, 0.11],
  [second, { 'cpu.max': 'max 100000\n' }, 0],
  [second, {}, 0],
])('a share is read back', (hierarchies, files, share) => {
  const textOf = (file: string): string => (files as Readonly<Record<string, string>>)[file] ?? '';
  expect(shareIn(hierarchies, textOf)).toBeCloseTo(share, 9);
});

test('control groups are found where they are mounted', () => {
  const mounts = [
    'proc /proc proc rw 0 0',
    'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0',
    'cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0',
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0',
  ];
  const find = (from: number, controllers: string) =>
    findHierarchies(mounts.slice(from).join('\n'), () => controllers);
  expect(find(0, 'hugetlb\n')).toEqual({
    version: 1,
    cpu: '/sys/fs/cgroup/cpu,cpuacct',
    memory: '/sys/fs/cgroup/memory',
  });
  const unified = '/sys/fs/cgroup/unified';
  expect(find(3, 'cpu io memory\n')).toEqual({ version: 2, cpu: unified, memory: unified });
  expect(find(3, 'cpuset memory\n')).toBeUndefined();
  expect(find(4, '')).toBeUndefined();
});

test('a command that is to run in a device joins its groups, its network and its name', () => {
  const [, other] = plan.laboratory.devices;
  expect(other?.address).toBe('10.77.0.2');
  expect(other?.enter).toEqual([
    'sh',
    '-c',
    'echo $$ > /sys/fs/cgroup/memory/L/b-2/cgroup.procs || exit 125\necho $$ > /sys/fs/cgroup/cpu/L/b-2/rest/tasks || exit 125\nexport RINGTMP_LAB_DEVICE=2\nexec "$@"',
    'sh',
    'nsenter',
    '--net=/run/netns/L-2',
    'unshare',
    '--uts',
    'sh',
    '-c',
    'echo b-2 > /proc/sys/kernel/hostname\nexec "$@"',
    'sh',
  ]);
});
