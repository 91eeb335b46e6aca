// `ringtmp compare`: the same training by several architectures, one after the other, on as many
// processes of this machine each; then one table, and a report to keep.

import { openData } from '../data/index.ts';
import { RingError } from '../errors.ts';
import { parseTraining, resolveTraining } from '../model/training.ts';
import type { ResolvedTraining, Training } from '../model/training.ts';
import { deviceProfile } from '../power/index.ts';
import type { Architecture, Comparison, Run } from '../study/results.ts';
import { comparisonTables, tableNotes } from '../study/table.ts';
import { judge } from '../study/verdict.ts';
import { requireFewEnough } from './architectures.ts';
import { startComparedProcess } from './compared-process.ts';
import type { ComparedProcess } from './compared-process.ts';
import { openSensor } from './energy.ts';
import { formatCount } from './format.ts';
import { onInterrupt } from './interrupt.ts';
import { describeLink, parseLink, parseLinkShape } from './link-flag.ts';
import { bar, LiveLine } from './live-line.ts';
import { engineOf } from './ring-flags.ts';
import type { EngineFlags } from './ring-flags.ts';
import { machineHere } from './machine-here.ts';
import { laboratory } from './places.ts';
import { newRunFolder, requireWritable } from './run-folder.ts';
import { formatTable } from './table.ts';
import { readTrainingFile, withFlags, withWholePaths } from './training-file.ts';
import type { TrainingFlags } from './training-file.ts';

export interface CompareFlags extends TrainingFlags, EngineFlags {
  readonly nodes?: number;
  readonly architectures?: string;
  readonly repeat: number;
  readonly targetAccuracy?: number;
  readonly deviceProfile?: string;
  readonly link?: string;
  readonly out?: string;
  readonly json?: true;
}

/** In the order in which they are run; a parameter server both on its own device and beside the workers. */
const allArchitectures: readonly Architecture[] = [
  'ring',
  'parameter-server',
  'parameter-server-colocated',
  'all-reduce',
  'single',
];

/** `ring,parameter-server`: the parameter server means both of its forms, and twice is once. Errors: USAGE. */
export function architecturesOf(text: string | undefined): readonly Architecture[] {
  if (text === undefined) return allArchitectures;
  const named = text.split(',').flatMap((given): Architecture[] => {
    const name = given.trim();
    if (name === 'parameter-server') return ['parameter-server', 'parameter-server-colocated'];
    const known = allArchitectures.find((architecture) => architecture === name);
    if (known) return [known];
    throw new RingError(
      'USAGE',
      `'${name}' is no architecture: give some of ring, parameter-server, all-reduce and single, with commas between`,
    );
  });
  return [...new Set(named)];
}

export async function compare(file: string, flags: CompareFlags): Promise<void> {
  const given = await readTrainingFile(file);
  const parsed = parseTraining(withFlags(given.value, flags), given.where);
  const training = { ...parsed, data: withWholePaths(parsed.data, given.baseFolder) };
  const nodes = flags.nodes ?? laboratory?.devices.length ?? training.nodes ?? 4;
  if (nodes < 2)
    throw new RingError('USAGE', `--nodes is ${nodes}: to compare, at least 2 are needed`);
  const profile =
    flags.deviceProfile === undefined ? undefined : deviceProfile(flags.deviceProfile);
  const architectures = architecturesOf(flags.architectures);
  const link = flags.link === undefined ? undefined : parseLinkShape(flags.link);
  const folder = flags.out ?? newRunFolder(`compare-${training.name ?? given.stem}`, new Date());
  requireWritable(folder, 'the comparison');
  const started = new Date().toISOString();
  const resolved = await resolveOnce(training, given.baseFolder);
  for (const architecture of architectures)
    requireFewEnough(architecture === 'ring' ? 'ring' : 'all-reduce', resolved, nodes);
  const { sensor, unreadable } = await openSensor();
  const line = new LiveLine(flags.json ? process.stderr : process.stdout);
  let running: ComparedProcess | undefined;
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
    running?.stop();
  };
  const release = onInterrupt({ stop, abandon: stop });
  try {
    if (unreadable !== undefined) line.print(unreadable);
    const { targetAccuracy } = flags;
    const asked = {
      training: resolved,
      nodes,
      engine: engineOf(flags, training),
      ...(sensor?.idleWatts !== undefined && { idleWatts: sensor.idleWatts }),
    };
    const runs: Run[] = [];
    for (let repeat = 1; repeat <= flags.repeat; repeat += 1) {
      for (const architecture of architectures) {
        if (interrupted)
          throw new RingError('INTERRUPTED', 'the comparison was stopped by its user');
        const which = `${architecture}${flags.repeat > 1 ? ` ${repeat}/${flags.repeat}` : ''}`;
        const request = {
          ...asked,
          architecture,
          repeat,
          ...(targetAccuracy !== undefined && { targetAccuracy }),
          ...(profile && { profile }),
          ...(link && { link }),
        };
        running = startComparedProcess(request, {
          progress: (step, steps) =>
            line.update(
              () =>
                `${bar(step / steps, 16)} ${which}  step ${formatCount(step)}/${formatCount(steps)}`,
            ),
        });
        const run = await running.ended;
        runs.push(run);
        line.print(
          `${which}: ${run.seconds.toFixed(1)} s, ${formatCount(run.samplesPerSecond)} samples/s`,
        );
      }
    }
    const comparison = describe(resolved, { nodes, started, runs, flags });
    // The plots' library is large, and needed only now.
    const { reportFile, writeComparison } = await import('../study/write.ts');
    await writeComparison(folder, comparison);
    line.clear();
    tell(comparison, `${folder}/${reportFile}`, flags.json === true);
  } finally {
    release();
  }
}

/** The runs open the data anew, each in its own process: here it is only looked at. */
async function resolveOnce(training: Training, baseFolder: string): Promise<ResolvedTraining> {
  const data = await openData(training.data, { seed: training.seed, baseFolder });
  try {
    return resolveTraining(training, data.facts);
  } finally {
    await data.close();
  }
}

const linkOf = ({ link }: CompareFlags): string =>
  link === undefined
    ? (laboratory?.description ?? 'loopback, processes of one machine')
    : `${describeLink(parseLink(link))}, between processes of one machine`;

function describe(
  training: ResolvedTraining,
  {
    nodes,
    started,
    runs,
    flags,
  }: { nodes: number; started: string; runs: readonly Run[]; flags: CompareFlags },
): Comparison {
  const { layers, batch, steps } = training.resolved;
  const parameters = layers
    .flatMap((layer) => layer.parameters)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const { targetAccuracy } = flags;
  return {
    title: training.name ?? 'Comparison',
    settings: {
      nodes,
      globalBatch: batch,
      samples: runs[0]?.steps.at(-1)?.samples ?? 0,
      seed: training.seed,
      ...(targetAccuracy !== undefined && { targetAccuracy }),
      link: linkOf(flags),
      training: {
        model: training.model.map(({ layer }) => layer).join(', '),
        parameters: formatCount(parameters),
        data: `${training.data.kind}, ${formatCount(training.resolved.data.trainCount)} samples to train`,
        loss: training.loss,
        optimizer: training.optimizer.kind,
        batch: `${batch} in ${training.resolved.microbatches} microbatches`,
        steps: formatCount(steps),
      },
    },
    machine: machineHere(flags.engine ?? 'auto'),
    started,
    runs,
  };
}

function tell(comparison: Comparison, report: string, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(comparison)}\n`);
    return;
  }
  const tables = comparisonTables(comparison, process.stdout.columns ?? 100);
  const lines = tables.flatMap(({ columns, rows }) => ['', ...formatTable(columns, rows)]);
  const { sentences } = judge(comparison);
  const notes = tableNotes(comparison);
  process.stdout.write(
    `${[...lines, '', ...notes, '', ...sentences, `the report is ${report}`].join('\n')}\n`,
  );
}
