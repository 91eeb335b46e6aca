// The shortest script that still fails: entries are left out for as long as that can be done, and times
// are made rounder.

import type { Scenario } from './scenario.ts';

export async function shrink(
  scenario: Scenario,
  fails: (scenario: Scenario) => Promise<boolean>,
): Promise<Scenario> {
  let least = scenario;
  for (let isShorter = true; isShorter;) {
    isShorter = false;
    for (const candidate of simpler(least))
      if (await fails(candidate)) {
        least = candidate;
        isShorter = true;
        break;
      }
  }
  return least;
}

function* simpler(scenario: Scenario): Generator<Scenario> {
  const { script } = scenario;
  for (const left of script) yield { ...scenario, script: script.filter((each) => each !== left) };
  if (scenario.slow) yield { ...scenario, slow: undefined };
  if (scenario.saveSeconds !== undefined) yield { ...scenario, saveSeconds: undefined };
  if (scenario.replicateSeconds !== undefined) yield { ...scenario, replicateSeconds: undefined };
  if (scenario.hasLateDevice && !JSON.stringify(script).includes('"late"'))
    yield { ...scenario, hasLateDevice: false };
}
