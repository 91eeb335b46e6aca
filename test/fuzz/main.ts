// `npm run fuzz -- --seeds N`: random trainings under random faults. A seed that fails is printed with
// the shortest script that does, and `--seed S` runs it again.

import { parseArgs } from 'node:util';

import { attempt, fuzz } from './fuzz.ts';
import { plants } from './plants.ts';
import { fuzzReplicas } from './replicas.ts';
import { drawScenario } from './scenario.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    architecture: { type: 'string', default: 'ring' },
    plant: { type: 'string' },
    most: { type: 'string', default: '10' },
  },
});
const { plant } = values;
if (plant !== undefined && !(plant in plants))
  throw new Error(`there is no bug ${plant} to plant: ${Object.keys(plants).join(', ')}`);

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const { architecture } = values;
if (architecture === 'parameter-server' || architecture === 'all-reduce') {
  const [from, seeds] = values.seed === undefined ? [values.from, values.seeds] : [values.seed, 1];
  const { failures, counts } = await fuzzReplicas(architecture, Number(from), Number(seeds));
  for (const { failure, scenario } of failures) print(`\n${failure}\n${JSON.stringify(scenario)}`);
  for (const [name, count] of counts) print(`${String(count).padStart(8)}  ${name}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} else if (architecture !== 'ring') {
  throw new Error(`there is no architecture ${architecture} to try`);
} else await ofRing();

async function ofRing(): Promise<void> {
  if (values.seed !== undefined) {
    const scenario = drawScenario(Number(values.seed));
    print(JSON.stringify(scenario, undefined, 2));
    const { outcome, failure, statistics } = await attempt(scenario, plant);
    print(`${outcome}${failure === undefined ? '' : `: ${failure}`}\n${statistics.toString()}`);
    process.exitCode = failure === undefined ? 0 : 1;
  } else {
    const begin = performance.now();
    const { failures, statistics } = await fuzz({
      from: Number(values.from),
      seeds: Number(values.seeds),
      most: plant === undefined ? Number(values.most) : 1,
      ...(plant !== undefined && { plant }),
      progress: (seed, failed) => {
        if (process.stderr.isTTY) process.stderr.write(`\rseed ${seed}, ${failed} failed `);
      },
    });
    for (const { seed, failure, scenario } of failures)
      print(`\nseed ${seed}: ${failure}\nshortest: ${JSON.stringify(scenario)}`);
    print(`\n${statistics.toString()}`);
    if (statistics.missing.length > 0) print(`never seen: ${statistics.missing.join('; ')}`);
    print(`${((performance.now() - begin) / 1000).toFixed(1)} s`);
    const isFound = failures.length > 0;
    if (plant !== undefined) print(isFound ? `${plant} was found` : `${plant} was NOT found`);
    const isBlind =
      plant === undefined && Number(values.seeds) >= 500 && statistics.missing.length > 0;
    process.exitCode = isFound === (plant !== undefined) && !isBlind ? 0 : 1;
  }
}
