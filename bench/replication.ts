// What copying all layers to a neighbour costs where links are slow. Within one training, copies are asked
// for every other 20 s, which is how often they are made: steps in a stretch with copies over those in the
// stretch after it without.

import { memorySnapshots } from '../dist/runtime/snapshots.js';
import { spread } from './statistics.ts';
import { measureTraining } from './training.ts';

const stretchSeconds = 20;
const pairs = Number(process.env['BENCH_ROUNDS'] ?? 5);

export async function replication(): Promise<void> {
  const setting = {
    name: '1024-1024-1024-1024-1024-10',
    batch: 128,
    microbatches: 8,
    nodes: 3,
    engine: { kind: 'wasm' },
    link: { bytesPerSecond: 2.5e6, latencySeconds: 0 },
    seconds: stretchSeconds * (2 * pairs + 1),
  } as const;
  const begins: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  const { times } = await measureTraining({
    ...setting,
    snapshots: memorySnapshots(),
    started(session) {
      timer = setInterval(() => {
        if (begins.length % 2 === 0) session.replicate();
        begins.push(performance.now());
      }, 1000 * stretchSeconds);
    },
  });
  clearInterval(timer);
  const stepsBetween = (from: number, to: number): number => {
    const within = times.filter((time) => from <= time && time < to);
    return (within.length - 1) / (within.at(-1)! - within[0]!);
  };
  const rates = begins.slice(1).map((end, k) => stepsBetween(begins[k]!, end));
  const ratios = rates.flatMap((rate, k) => {
    const without = rates[k + 1];
    return k % 2 === 0 && without !== undefined ? [rate / without] : [];
  });
  console.log(
    `(replication) steps a second with copies over those without, ${setting.name}, batch ${setting.batch}, ${setting.nodes} nodes on links of 20 Mbit/s: ${spread(ratios)}`,
  );
  console.log(
    `  steps a second, with and without in turn: ${rates.map((rate) => (1000 * rate).toFixed(2)).join(' ')}`,
  );
}
