// `ringtmp evaluate`: loss and accuracy of a trained model.

import { RingError } from '../errors.ts';
import type { Report } from '../node.ts';
import { formatCount, formatLoss, formatShare } from './format.ts';
import { openFurtherSamples, openTestSamples } from './run-samples.ts';
import { openTrainedRun, useRun } from './use-run.ts';
import type { UseFlags } from './use-run.ts';

export interface EvaluateFlags extends UseFlags {
  readonly data?: string;
  readonly labels?: string;
  readonly json?: true;
}

export async function evaluate(folder: string, flags: EvaluateFlags): Promise<void> {
  const { data, labels } = flags;
  if (labels !== undefined && data === undefined)
    throw new RingError(
      'USAGE',
      '--labels belongs to the images of --data: give both, or neither to take the samples kept apart',
    );
  const trained = await openTrainedRun(folder);
  const samples =
    data === undefined
      ? await openTestSamples(trained)
      : await openFurtherSamples(trained, data, labels);
  try {
    if (!samples.target)
      throw new RingError(
        'DATA',
        `${data} has no labels to compare with: ${trained.training.data.kind === 'idx' ? 'give them with --labels FILE' : 'give samples with labels, or predict'}`,
      );
    let begun = 0;
    await useRun(trained, samples, flags, (report) => {
      if (report.kind === 'formed') begun = performance.now();
      if (report.kind === 'evaluated')
        tell(report, (1000 * report.samples) / (performance.now() - begun), flags.json ?? false);
    });
  } finally {
    await samples.close();
    await trained.run.close();
  }
}

function tell(
  { samples, loss, accuracy }: Extract<Report, { kind: 'evaluated' }>,
  samplesPerSecond: number,
  asJson: boolean,
): void {
  const said = asJson
    ? JSON.stringify({ samples, loss, accuracy, samplesPerSecond })
    : [
        `${formatCount(samples)} samples`,
        ...(loss === undefined ? [] : [`loss ${formatLoss(loss)}`]),
        ...(accuracy === undefined ? [] : [`accuracy ${formatShare(accuracy)}`]),
        `${formatCount(samplesPerSecond)} samples/s`,
      ].join('  ');
  process.stdout.write(`${said}\n`);
}
