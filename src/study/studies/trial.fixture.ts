// A trial that could have been: ten steps of a second each.

import { Meter } from '../../meter/fold.ts';
import type { Condition, Failed, Trial } from '../study.ts';

export function lossless(condition: Condition, repeat: number, failed?: Failed): Trial {
  const place = { kind: 'lab', description: 'a lab', scale: 1 } as const;
  if (failed) return { condition, repeat, place, outcome: failed };
  const { figures } = new Meter();
  const nodes = condition.devices.map((_, at) => {
    const node = at === 0 ? 'master' : `worker-${at}`;
    return {
      node,
      role: 'worker',
      figures,
      peakMemoryBytes: 100e6,
      tensorBytes: 1e6,
      cpuSeconds: 1,
      timeline: { node, entries: [], offsetSeconds: 0, errorSeconds: 0 },
    };
  });
  const run = {
    ...condition.variant,
    repeat,
    seconds: 10,
    samplesPerSecond: 8,
    bytesPerSample: 1,
    finalLoss: 0.5,
    steps: Array.from({ length: 10 }, (_, at) => ({
      step: at + 1,
      samples: 8 * (at + 1),
      seconds: at + 1,
      loss: 0.5,
    })),
    nodes,
  };
  return { condition, repeat, place, outcome: { kind: 'finished', run } };
}
