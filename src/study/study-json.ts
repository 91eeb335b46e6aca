// What studies found, for programs: verdicts, tables, settings. What each run recorded stands in another file,
// a line a run. Pure.

import type { StudyReport } from './study.ts';

export const studiesJson = ({ chapters, setting, trials, ...rest }: StudyReport) => ({
  ...rest,
  runs: trials.length,
  devices: setting.devices,
  studies: chapters.map(({ study, findings: { exhibits, ...findings } }) => ({
    study: study.name,
    hypothesis: study.hypothesis,
    ...findings,
    tables: exhibits.flatMap((exhibit) =>
      exhibit.kind === 'table'
        ? [
            {
              caption: exhibit.caption,
              columns: exhibit.columns.map(({ title }) => title),
              rows: exhibit.rows,
            },
          ]
        : [],
    ),
  })),
});
