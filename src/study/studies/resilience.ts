// What it costs to lose a device: time, work done again, and what is learned in the end.

import { describeDevices } from '../devices.ts';
import { allOf } from '../decide.ts';
import { formatQuantity } from '../quantity.ts';
import { lostNodes, replayedSteps } from '../recovery.ts';
import { resilienceExhibits } from '../report/resilience-exhibits.ts';
import { nameOfVariant } from '../report/variant-look.ts';
import {
  casesOf,
  isBrief,
  isDisturbed,
  isRing,
  lossDifferences,
  lostSamples,
  most,
  stalls,
} from '../resilience-cases.ts';
import type { Case } from '../resilience-cases.ts';
import { conditions, resilienceSizes, shortAbsenceSeconds } from '../resilience-scenarios.ts';
import { estimate, mean } from '../statistics.ts';
import type { Findings, Study, StudyResults, Verdict } from '../study.ts';
import { isFinished } from '../trials.ts';

const stallLimitSeconds = 15;
const ifAny = (values: readonly unknown[], isSo: boolean): Verdict =>
  values.length === 0 ? 'undecided' : isSo ? 'held' : 'not held';

function judge(results: StudyResults): Findings {
  const { setting } = results;
  const cases = casesOf(results);
  const rings = cases.filter((each) => isRing(each) && isDisturbed(each));
  if (rings.length === 0)
    return {
      verdict: 'undecided',
      effect: setting.isReal
        ? 'devices that joined cannot be taken away from here'
        : 'nothing was taken away yet',
      sentences: [],
      exhibits: [],
    };
  const { every } = resilienceSizes[setting.size];
  const ended = rings.flatMap(({ trials }) => trials);
  const differences = rings.flatMap(lossDifferences);
  const replays = rings.flatMap(({ finished }) =>
    finished.map(({ outcome: { run } }) => replayedSteps(run) / Math.max(1, lostNodes(run))),
  );
  const standing = rings.filter((each) => !isBrief(each)).flatMap(stalls);
  const brief = rings.filter(isBrief).flatMap(({ finished }) => finished);
  const missed = brief.filter(({ outcome: { run } }) => lostNodes(run) > 0).length;
  const failed = ended.filter((trial) => !isFinished(trial)).length;
  const verdict = allOf([
    ifAny(ended, failed === 0),
    ifAny(
      differences,
      differences.every((difference) => difference === 0),
    ),
    ifAny(replays, most(replays) <= 2 * every),
    ifAny(standing, most(standing) <= stallLimitSeconds),
    ...(brief.length > 0 ? [ifAny(brief, missed === 0)] : []),
  ]);
  const same = differences.filter((difference) => difference === 0).length;
  return {
    verdict,
    effect: `${ended.length - failed} of ${ended.length} disturbed rings came to their end, ${same} of ${differences.length} with the undisturbed loss to the last bit; they stood still for ${formatQuantity(most(standing), 'seconds')} at most`,
    sentences: [
      `At most ${most(replays).toFixed(0)} steps were done again for a loss, with copies every ${every} steps.`,
      ...(brief.length > 0
        ? [
            `A worker that stood still for ${shortAbsenceSeconds} s was given up in ${missed} of ${brief.length} runs.`,
          ]
        : []),
      ...cases.filter((each) => !isRing(each) && isDisturbed(each)).map(sentenceOf),
    ],
    exhibits: resilienceExhibits(cases),
    threats: [
      'Whether a node is gone is told by seconds of silence, which slow motion does not stretch: at full speed, standing still weighs more against a step than it does here.',
      'A node is taken away by ending or stopping its process. A cable that is pulled is noticed only by the silence: some seconds later.',
    ],
  };
}

const capitalised = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}`;

const difference = (values: readonly number[]): string => {
  if (values.every((value) => value === 0)) return 'the same as';
  const by = mean(values);
  return `${Math.abs(by).toPrecision(2)} ${by > 0 ? 'above' : 'below'}`;
};

function sentenceOf(each: Case): string {
  const { scenario, variant, trials, finished } = each;
  const name = `${capitalised(nameOfVariant(variant))}, ${scenario.name}:`;
  const failures = trials.flatMap(({ outcome }) =>
    outcome.kind === 'failed' ? [outcome.reason] : [],
  );
  if (finished.length === 0) return `${name} the run ended (${failures[0]!}).`;
  const differences = lossDifferences(each);
  const [still, lost] = [stalls(each), mean(lostSamples(each))];
  return [
    `${name} it stood still for ${still.length > 0 ? formatQuantity(estimate(still), 'seconds') : 'an unknown time'}`,
    ...(differences.length > 0 ? [`the final loss is ${difference(differences)} undisturbed`] : []),
    ...(lost > 0 ? [`${lost.toFixed(0)} samples were left out`] : []),
  ]
    .join(', ')
    .concat('.');
}

export const resilience: Study = {
  name: 'resilience',
  title: 'Resilience',
  question:
    'What does it cost when a device goes away during a training, for a while or for good, at several moments, and when two do: how long until training goes on, how much work is lost, and is the result another?',
  hypothesis: `A ring that loses a worker for good, early or late, or two neighbours at once, comes to its end with the loss of an undisturbed ring to the last bit, does no more steps again for a loss than lie between three copies of its layers, and stands still for no more than ${stallLimitSeconds} s; a worker that is away for ${shortAbsenceSeconds} s is not given up.`,
  method: ({ size, devices }) => {
    const { steps, depth, width, every } = resilienceSizes[size];
    return `${describeDevices(devices)}. A dense net of ${depth} hidden layers of ${width} is trained ${steps} steps. Between two steps a node’s process is killed, or stopped and continued later; never the master, which has the data. The ring keeps copies of its layers on disk every ${every} steps, at each worker and at its neighbour; the parameter server’s master keeps a checkpoint as often, and the time that this takes is not counted. Every run is held against the undisturbed one of the same repeat, seed and order of samples. The hypothesis holds if it does in every run.`;
  },
  conditions,
  judge,
};
