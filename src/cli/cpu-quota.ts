// How long a CPU quota has stopped this process, as the kernel's control groups tell (Documentation/
// admin-guide/cgroup-v2: cpu.stat, cpu.max; scheduler/sched-bwc for version 1). The figure is that of
// the whole group, summed over processors: processes in one group share a quota and all say the same.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How the two versions spell it. */
interface Version {
  /** Of the line in /proc/self/cgroup: 12:cpu,cpuacct:/path, or 0::/path. */
  readonly isMine: (controllers: string) => boolean;
  readonly mounts: readonly string[];
  readonly hasQuota: (folder: string) => boolean;
  readonly stopped: string;
  readonly unit: number;
}

const versions: readonly Version[] = [
  {
    isMine: (controllers) => controllers.split(',').includes('cpu'),
    mounts: ['cpu,cpuacct', 'cpu'],
    hasQuota: (folder) => Number(read(join(folder, 'cpu.cfs_quota_us'))) > 0,
    stopped: 'throttled_time',
    unit: 1e-9,
  },
  {
    isMine: (controllers) => controllers === '',
    mounts: ['', 'unified'],
    hasQuota: (folder) => /^\d/.test(read(join(folder, 'cpu.max')) ?? ''),
    stopped: 'throttled_usec',
    unit: 1e-6,
  },
];

/**
 * Of the innermost group with a quota to which the process belongs; undefined where there is none, or no
 * control groups. Threads may be in groups of their own: `threadId` asks for one. `root`: where /proc and
 * /sys are, for tests.
 */
export function throttledSeconds(root = '/', threadId?: number): number | undefined {
  const self = threadId === undefined ? 'proc/self' : `proc/self/task/${threadId}`;
  const memberships = (read(join(root, self, 'cgroup')) ?? '').trim().split('\n');
  for (const membership of memberships) {
    const [, controllers = '-', ...path] = membership.split(':');
    const version = versions.find(({ isMine }) => isMine(controllers));
    for (const mount of version?.mounts ?? []) {
      const top = join(root, 'sys/fs/cgroup', mount);
      const seconds = version && innermost(version, top, path.join(':'));
      if (seconds !== undefined) return seconds;
    }
  }
  return undefined;
}

/** In a container the path may be the host's, of which only the top is there. */
function innermost(version: Version, top: string, path: string): number | undefined {
  for (let group = join('/', path); ; group = dirname(group)) {
    const folder = join(top, group);
    if (version.hasQuota(folder)) {
      const line = new RegExp(`^${version.stopped} (\\d+)$`, 'm').exec(
        read(join(folder, 'cpu.stat')) ?? '',
      );
      return line ? Number(line[1]) * version.unit : undefined;
    }
    if (group === '/') return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
