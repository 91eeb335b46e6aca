// What the trials so far say: every study judged, told to whoever started it.

import type { Chapter, Progress, Study, StudyReport, StudySetting, Trial } from '../study/study.ts';
import { studiesJson } from '../study/study-json.ts';
import { trialsOf } from '../study/trials.ts';
import type { TrialRequest } from '../study/trials.ts';
import { machineHere } from './machine-here.ts';
import type { StudyRecord } from './study-record.ts';

/** Those that were made. */
export const trialsIn = (record: StudyRecord, requests: readonly TrialRequest[]): Trial[] =>
  requests.flatMap((request) => record.get(request) ?? []);

export async function reportOf({
  chosen,
  setting,
  requests,
  record,
  repeats,
  engine,
  progress,
}: {
  readonly chosen: readonly Study[];
  readonly setting: StudySetting;
  readonly requests: readonly TrialRequest[];
  readonly record: StudyRecord;
  readonly repeats: number;
  /** Its kind. */
  readonly engine: string;
  readonly progress: Progress;
}): Promise<StudyReport> {
  const trials = trialsIn(record, requests);
  const chapters: Chapter[] = [];
  for (const each of chosen) {
    const own = trialsOf(each, setting, trials);
    const findings = await each.judge({ setting, trials: own }, progress);
    chapters.push({ study: each, findings });
  }
  return {
    size: setting.size,
    setting,
    machine: machineHere(engine),
    reported: new Date().toISOString(),
    repeats,
    trials,
    missing: requests.filter((request) => !record.get(request) && !request.isMoot?.(trials)).length,
    chapters,
  };
}

export function tell(report: StudyReport, file: string, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(studiesJson(report))}\n`);
    return;
  }
  const lines = report.chapters.flatMap(({ study, findings }) => [
    '',
    `${study.title}: ${findings.verdict}. ${findings.effect}`,
    `  ${study.hypothesis}`,
    ...findings.sentences.map((sentence) => `  ${sentence}`),
  ]);
  process.stdout.write(`${[...lines, '', `the report is ${file}`].join('\n')}\n`);
}
