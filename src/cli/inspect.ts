// `ringtmp inspect`: what a run is and how it went, from its folder alone.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { ResolvedTraining } from '../model/training.ts';
import { formatBytes, formatCount, formatLoss, formatShare } from './format.ts';
import { parametersOf } from './ring-table.ts';
import { sparkline } from './sparkline.ts';
import { formatTable } from './table.ts';
import { openTrainedRun } from './use-run.ts';
import type { TrainedRun } from './use-run.ts';

export interface InspectFlags {
  readonly json?: true;
}

const curveWidth = 60;

export async function inspect(folder: string, flags: InspectFlags): Promise<void> {
  const trained = await openTrainedRun(folder);
  try {
    const history = await readHistory(trained);
    const files = await listFiles(folder);
    const write = (text: string): void => void process.stdout.write(`${text}\n`);
    if (flags.json) write(JSON.stringify(asJson(trained, history, files)));
    else write(asText(trained, history, files).join('\n'));
  } finally {
    await trained.run.close();
  }
}

interface History {
  readonly losses: readonly number[];
  readonly testLoss: number | undefined;
  readonly testAccuracy: number | undefined;
  readonly lastLoss: number | undefined;
}

interface FileSize {
  readonly name: string;
  readonly bytes: number;
}

async function readHistory({ run }: TrainedRun): Promise<History> {
  const losses: number[] = [];
  const last: Record<'testLoss' | 'testAccuracy', number | undefined> = {
    testLoss: undefined,
    testAccuracy: undefined,
  };
  for await (const record of run.metrics()) {
    const { loss } = record;
    if (typeof loss === 'number') losses.push(loss);
    for (const key of ['testLoss', 'testAccuracy'] as const)
      if (typeof record[key] === 'number') last[key] = record[key];
  }
  return { losses, ...last, lastLoss: losses.at(-1) };
}

async function listFiles(folder: string): Promise<FileSize[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })),
  );
}

const modelRows = ({ resolved }: ResolvedTraining): string[][] =>
  resolved.layers.map((layer, index) => [
    String(index),
    layer.options.layer,
    `[${layer.outputs['x']?.shape.join(', ') ?? ''}]`,
    formatCount(parametersOf(layer)),
  ]);

const totalParameters = ({ resolved }: ResolvedTraining): number =>
  resolved.layers.reduce((sum, layer) => sum + parametersOf(layer), 0);

/** `adam (beta1 0.9, beta2 0.999)` */
function describeOptions(options: object, named: string): string {
  const entries = Object.entries(options) as [string, unknown][];
  const name = entries.find(([key]) => key === named)?.[1];
  const said = entries
    .filter(([key, value]) => key !== named && value !== false && value !== 0)
    .map(([key, value]) => `${key} ${String(value)}`);
  return said.length > 0 ? `${String(name)} (${said.join(', ')})` : String(name);
}

function settings({ run, training }: TrainedRun): string[][] {
  const { data, batch, microbatches, steps } = training.resolved;
  const tested = data.testCount === undefined ? '' : `, ${formatCount(data.testCount)} to test`;
  return [
    ['name', training.name ?? ''],
    ['data', `${training.data.kind}: ${formatCount(data.trainCount)} samples to train${tested}`],
    ['loss', training.loss],
    ['optimizer', describeOptions(training.optimizer, 'kind')],
    ['learning rate', describeOptions(training.learningRate, 'schedule')],
    ['batch', `${formatCount(batch)} in ${microbatches} microbatches`],
    ['seed', String(training.seed)],
    ['trained', `${formatCount(run.position.step)} of ${formatCount(steps)} steps`],
  ].filter(([, value]) => value !== '');
}

function asText(trained: TrainedRun, history: History, files: readonly FileSize[]): string[] {
  const { training } = trained;
  const { losses, lastLoss, testLoss, testAccuracy } = history;
  const columns = [
    { title: 'layer', align: 'right' },
    { title: 'kind' },
    { title: 'output' },
    { title: 'parameters', align: 'right' },
  ] as const;
  return [
    ...formatTable(columns, modelRows(training)),
    `${formatCount(totalParameters(training))} parameters`,
    '',
    ...settings(trained).map(([key, value]) => `${key!.padEnd(14)} ${value}`),
    '',
    ...(lastLoss === undefined
      ? []
      : [
          `loss           ${sparkline(losses, curveWidth)}`,
          `last loss      ${formatLoss(lastLoss)}`,
        ]),
    ...(testLoss === undefined ? [] : [`test loss      ${formatLoss(testLoss)}`]),
    ...(testAccuracy === undefined ? [] : [`test accuracy  ${formatShare(testAccuracy)}`]),
    '',
    ...formatTable(
      [{ title: 'file' }, { title: 'size', align: 'right' }],
      files.map(({ name, bytes }) => [name, formatBytes(bytes)]),
    ),
  ];
}

function asJson(
  { run, training }: TrainedRun,
  { lastLoss, testLoss, testAccuracy }: History,
  files: readonly FileSize[],
): object {
  return {
    position: run.position,
    parameters: totalParameters(training),
    layers: training.resolved.layers.map((layer) => ({
      ...layer.options,
      output: layer.outputs['x']?.shape,
      parameters: parametersOf(layer),
    })),
    loss: lastLoss,
    testLoss,
    testAccuracy,
    files,
    training,
  };
}
