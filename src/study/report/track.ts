// Where the bars of a timeline stand: seconds from its left, pixels from its top. Pure.

import type { BusyKind, Entry } from '../../meter/timeline.ts';
import type { NodeTimeline } from '../../meter/trace.ts';

export interface Bar {
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
  readonly height: number;
}

export interface Track {
  readonly engines: readonly (Bar & { readonly kind: BusyKind })[];
  readonly rows: readonly (Bar & { readonly node: string })[];
  readonly links: readonly Bar[];
  readonly linkRows: readonly (Bar & { readonly to: string })[];
  readonly commits: readonly { readonly x: number; readonly step: number }[];
  readonly height: number;
}

const engineHeight = 18;
const linkHeight = 4;
const linkGap = 7;
const nodeGap = 10;
/** Frames without a tensor are too short to be seen and too many to be drawn. */
const drawnBytes = 512;

const startOf = (entry: Entry): number => ('start' in entry ? entry.start : entry.at);
const endOf = (entry: Entry): number => ('end' in entry ? entry.end : entry.at);

/** When the first of the entries began and the last ended, on the clock that all nodes share. */
export function extentOf(
  timelines: readonly NodeTimeline[],
): readonly [number, number] | undefined {
  const all = timelines.flatMap(({ entries, offsetSeconds }) =>
    entries
      .filter(({ type }) => type === 'compute' || type === 'commit')
      .map((entry) => [startOf(entry) + offsetSeconds, endOf(entry) + offsetSeconds] as const),
  );
  if (all.length === 0) return undefined;
  return [
    all.reduce((least, [start]) => Math.min(least, start), Infinity),
    all.reduce((most, [, end]) => Math.max(most, end), -Infinity),
  ];
}

/** The timelines from `begin` on, for so many seconds. */
export function trackOf(timelines: readonly NodeTimeline[], begin: number, seconds: number): Track {
  const engines: Track['engines'][number][] = [];
  const rows: Track['rows'][number][] = [];
  const links: Bar[] = [];
  const linkRows: Track['linkRows'][number][] = [];
  const commits = new Map<number, number>();
  let y = 0;
  for (const { node, entries, offsetSeconds } of timelines) {
    const cut = (start: number, end: number): { x1: number; x2: number } => ({
      x1: Math.max(0, start + offsetSeconds - begin),
      x2: Math.min(seconds, end + offsetSeconds - begin),
    });
    const visible = ({ x1, x2 }: { x1: number; x2: number }): boolean => x2 > x1;
    rows.push({ node, x1: 0, x2: seconds, y, height: engineHeight });
    for (const entry of entries) {
      if (entry.type === 'compute') {
        const bar = cut(entry.start, entry.end);
        if (visible(bar)) engines.push({ ...bar, kind: entry.kind, y, height: engineHeight });
      } else if (entry.type === 'commit') {
        const x = entry.at + offsetSeconds - begin;
        commits.set(entry.step, Math.max(x, commits.get(entry.step) ?? 0));
      }
    }
    y += engineHeight + 3;
    const sends = entries.filter((entry) => entry.type === 'send' && entry.bytes >= drawnBytes);
    for (const to of new Set(sends.map((entry) => (entry.type === 'send' ? entry.to : '')))) {
      linkRows.push({ to, x1: 0, x2: seconds, y, height: linkHeight });
      for (const entry of sends) {
        const bar = cut(startOf(entry), endOf(entry));
        if (entry.type === 'send' && entry.to === to && visible(bar))
          links.push({ ...bar, y, height: linkHeight });
      }
      y += linkGap;
    }
    y += nodeGap;
  }
  const within = [...commits].filter(([, x]) => x > 0.03 * seconds && x <= seconds);
  return {
    engines,
    rows,
    links,
    linkRows,
    commits: within.map(([step, x]) => ({ x, step })),
    height: y,
  };
}
