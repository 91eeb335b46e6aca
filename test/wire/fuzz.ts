// `npm run fuzz:wire [-- INPUTS [SEED]]`: the campaign at length, with its figures.

import { campaign } from './campaign.ts';

const inputs = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
const start = performance.now();
const tallies = await campaign(seed, inputs);
let sum = 0;
for (const [name, { inputs, taken, refused }] of Object.entries(tallies)) {
  sum += inputs;
  console.log(`${name.padEnd(10)} ${inputs} inputs, ${taken} taken, ${refused} refused`);
}
const seconds = ((performance.now() - start) / 1000).toFixed(0);
const { maxRSS } = process.resourceUsage();
console.log(
  `${sum} inputs in ${seconds} s with seed ${seed}, at most ${maxRSS >> 10} MiB resident`,
);
