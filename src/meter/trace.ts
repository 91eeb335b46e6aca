// Timelines as a trace that Perfetto and Chrome's tracing page open: one process a node, with a track
// for its engine, one for why it waited, and one for each link. The format is the Trace Event Format
// (Google, 2016): complete events, microseconds.

import type { Entry } from './timeline.ts';

export interface NodeTimeline {
  readonly node: string;
  readonly entries: readonly Entry[];
  /** Added to the node's times, so that all nodes share one clock; and how wrong that may be. */
  readonly offsetSeconds: number;
  readonly errorSeconds: number;
}

interface TraceEvent {
  readonly ph: 'X' | 'M' | 'i';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly s?: 'p';
  readonly args?: Readonly<Record<string, unknown>>;
}

const engineTrack = 1;
const waitTrack = 2;
const firstLinkTrack = 3;

/** The trace as a JSON object. */
export function toTrace(timelines: readonly NodeTimeline[]): {
  traceEvents: readonly TraceEvent[];
} {
  return { traceEvents: timelines.flatMap(nodeEvents) };
}

function nodeEvents(
  { node, entries, offsetSeconds, errorSeconds }: NodeTimeline,
  index: number,
): TraceEvent[] {
  const pid = index + 1;
  const microseconds = (seconds: number): number =>
    Math.round((seconds + offsetSeconds) * 1e6 * 10) / 10;
  const tracks = new Map<string, number>();
  const events: TraceEvent[] = [
    named(
      'process_name',
      pid,
      0,
      errorSeconds > 0 ? `${node} (clock ±${(errorSeconds * 1e3).toFixed(2)} ms)` : node,
    ),
    named('thread_name', pid, engineTrack, 'engine'),
    named('thread_name', pid, waitTrack, 'waits for'),
  ];
  const linkTrack = (to: string): number => {
    const known = tracks.get(to);
    if (known !== undefined) return known;
    const tid = firstLinkTrack + tracks.size;
    tracks.set(to, tid);
    events.push(named('thread_name', pid, tid, `link to ${to}`));
    return tid;
  };
  const span = (
    name: string,
    tid: number,
    start: number,
    end: number,
    args?: TraceEvent['args'],
  ): void => {
    const dur = Math.max(0, microseconds(end) - microseconds(start));
    events.push({ ph: 'X', name, pid, tid, ts: microseconds(start), dur, ...(args && { args }) });
  };
  let waiting: { cause: string; at: number } | undefined;
  for (const entry of entries) {
    if (entry.type === 'compute') {
      if (waiting && entry.start > waiting.at)
        span(waiting.cause, waitTrack, waiting.at, entry.start);
      waiting = undefined;
      span(entry.label, engineTrack, entry.start, entry.end, { kind: entry.kind });
    } else if (entry.type === 'wait') waiting ??= entry;
    else if (entry.type === 'send')
      span(entry.message, linkTrack(entry.to), entry.start, entry.end, { bytes: entry.bytes });
    else if (entry.type === 'commit')
      events.push({
        ph: 'i',
        name: `step ${entry.step} done`,
        pid,
        tid: engineTrack,
        ts: microseconds(entry.at),
        s: 'p',
      });
  }
  return events;
}

const named = (name: string, pid: number, tid: number, value: string): TraceEvent => ({
  ph: 'M',
  name,
  pid,
  tid,
  args: { name: value },
});
