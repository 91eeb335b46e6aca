// The window: how many microbatches a stage may hold. 1F1B (PipeDream, Narayanan et al. 2019) lets p - s of them
// in, which keeps devices busy while links are instant. Over slow links a device's port has to send from the
// beginning on, when there are no gradients to send yet, and later each activation stands in line with gradients:
// any bound leaves it unused. In emulated rings of four at 20 Mbit/s, steps of 32 microbatches took 8 % longer with
// windows twice as large as even pacing needs. So a stage holds all of a step that memory allows.

import { crossingsBytes, stageBytes } from './memory.ts';
import type { PlanRequest, Span } from './profile.ts';

/** The window of each stage, in ring order, the closing one last; at least 1. */
export function windowsOf(
  { layers, devices, microbatches }: PlanRequest,
  spans: readonly Span[],
): readonly number[] {
  const windows = spans.map(() => microbatches);
  for (const [device, { memoryBytes }] of devices.entries()) {
    const held = device === 0 ? [0, spans.length - 1] : [device];
    // What waits to be sent, or has come and waits to be computed with, stands in memory once more.
    const fits = (): boolean =>
      held.reduce((sum, stage) => {
        const [span, window] = [spans[stage]!, windows[stage]!];
        const bytes = stageBytes(layers, span, window, microbatches);
        return sum + bytes + crossingsBytes(layers, span, window);
      }, 0) <= memoryBytes;
    while (!fits()) {
      // Of the master's two stages the one with the larger window gives way.
      const widest = held.reduce((a, b) => (windows[b]! > windows[a]! ? b : a));
      if (windows[widest] === 1) break;
      windows[widest]! -= 1;
    }
  }
  return windows;
}
