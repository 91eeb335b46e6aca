// A quarter of the seeds that are tried with every test run; `npm run fuzz` tries more.

import { fuzzSeeds } from './fuzz-seeds.ts';

fuzzSeeds(125, 125);
