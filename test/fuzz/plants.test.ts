// The fuzzer finds bugs: each of these is planted alone and found within five hundred seeds.

import { expect, test } from 'vitest';

import { attempt } from './fuzz.ts';
import { plants } from './plants.ts';
import { drawScenario } from './scenario.ts';

test.each(Object.entries(plants))('%s is found', { timeout: 120_000 }, async (name) => {
  for (let seed = 0; seed < 500; seed += 1)
    if ((await attempt(drawScenario(seed), name)).failure !== undefined) return;
  expect.fail(`${name} was not found`);
});
