// What each node of a run has recorded, brought together: the master's own, and its workers' as they
// came, on the master's clock.

import type { Recording } from '../meter/recording.ts';
import { parseRecording } from '../meter/recording.ts';
import type { NodeTimeline } from '../meter/trace.ts';
import { masterId } from '../node.ts';
import type { PeerRecording } from '../runtime/peers.ts';

export interface NodeRecording extends Recording, NodeTimeline {}

/** The master first. A worker whose recording makes no sense is left out. */
export function gatherRecordings(own: Recording, peers: readonly PeerRecording[]): NodeRecording[] {
  const gathered: NodeRecording[] = [{ node: masterId, ...own, offsetSeconds: 0, errorSeconds: 0 }];
  const inOrder = peers.toSorted((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }));
  for (const { node, recording, offset } of inOrder) {
    try {
      const { seconds, errorSeconds } = offset;
      const parsed = parseRecording(recording, node);
      gathered.push({ node, ...parsed, offsetSeconds: 0 - seconds, errorSeconds });
    } catch {
      // Figures are for information: a run does not fail for want of them.
    }
  }
  return gathered;
}
