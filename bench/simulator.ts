// How long it takes to simulate a thousand nodes with 64 microbatches through 20 steps, costs only:
// `node --import tsx bench/simulator.ts [NODES [STEPS]]`.

import { runCostedRing } from '../test/ring/costed-ring.ts';

const [nodes = 1000, steps = 20] = process.argv.slice(2).map(Number);
const links = { latencySeconds: 0.01, bytesPerSecond: 1e6 };
const begin = process.cpuUsage();
const { seconds } = await runCostedRing({
  nodes,
  steps,
  microbatches: 64,
  record: 'nothing',
  ...links,
});
const { user, system } = process.cpuUsage(begin);
console.log(
  `${nodes} nodes, ${steps} steps: ${seconds.toFixed(0)} virtual seconds in ${((user + system) / 1e6).toFixed(1)} s of processor time`,
);
