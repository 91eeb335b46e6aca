// One training on one node; prints the steps per second that it made from a time of the wall clock on.
// `node alone.ts NAME BATCH FROM SECONDS`

import { measureTraining } from './training.ts';

const [name = '', batch, from, seconds] = process.argv.slice(2);
const begin = Number(from) - performance.timeOrigin;
const end = begin + 1000 * Number(seconds);
const { times } = await measureTraining({
  name,
  batch: Number(batch),
  microbatches: 1,
  nodes: 1,
  engine: { kind: 'wasm' },
  seconds: (end - performance.now()) / 1000,
});
const counted = times.filter((time) => begin <= time && time <= end);
console.log((1000 * (counted.length - 1)) / (counted.at(-1)! - counted[0]!));
