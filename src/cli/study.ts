// `ringtmp study`: has the runs made that some studies ask for, and writes what they say.
// Stopped at any time, it writes what there is; called again with the same folder, it goes on.

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { RingError } from '../errors.ts';
import { formatDevices } from '../study/devices.ts';
import { studies } from '../study/studies/index.ts';
import type { Study } from '../study/study.ts';
import { planTrials } from '../study/trials.ts';
import { onInterrupt } from './interrupt.ts';
import { LiveLine } from './live-line.ts';
import { laboratory } from './places.ts';
import { newRunFolder, requireWritable } from './run-folder.ts';
import { forgetSecret } from './study-secret.ts';
import { StudyRecord } from './study-record.ts';
import { reportOf, tell, trialsIn } from './study-report.ts';
import { StudyRuns } from './study-runs.ts';
import { settingOf, sizeDefaults } from './study-setting.ts';
import type { StudyFlags } from './study-setting.ts';

/** Errors: USAGE, LAB, STORE; INTERRUPTED after what there is was written. */
export async function study(name: string, flags: StudyFlags): Promise<void> {
  const chosen = studiesOf(name);
  if (laboratory)
    throw new RingError('USAGE', 'a study makes its own lab: start it outside of this one');
  const size = flags.full ? 'full' : flags.tiny ? 'tiny' : 'short';
  const { repeat: repeats = sizeDefaults[size].repeats } = flags;
  const folder = flags.out ?? newRunFolder(`study-${name}`, new Date());
  requireWritable(folder, 'the study');
  const line = new LiveLine(flags.json ? process.stderr : process.stdout);
  const { setting, placesFor } = await settingOf(size, folder, flags);
  const requests = planTrials(chosen, setting, repeats);
  const record = await StudyRecord.open(folder);
  const made = trialsIn(record, requests);
  const places = placesFor({
    all: requests.map(({ condition }) => condition.devices),
    scaleOf: (devices) =>
      made.find(({ condition }) => formatDevices(condition.devices) === formatDevices(devices))
        ?.place.scale,
  });
  const engine = { kind: flags.engine ?? places.engine, threads: flags.threads ?? 1 };
  const runs = new StudyRuns({
    requests,
    record,
    places,
    engine,
    folder: join(folder, 'copies'),
    limitSeconds: sizeDefaults[size].limitSeconds,
    line,
  });
  const letGo = onInterrupt(runs);
  try {
    line.print(...places.notes);
    await runs.make();
    const report = await reportOf({
      chosen,
      setting,
      requests,
      record,
      repeats,
      engine: engine.kind,
      async progress(what) {
        line.update(() => `judging: ${what}`);
        await nextTurn();
      },
    });
    // The plots' library is large, and needed only now.
    const { reportFile, writeStudies } = await import('../study/write.ts');
    await writeStudies(folder, report);
    if (report.missing === 0) await forgetSecret(folder);
    line.clear();
    tell(report, `${folder}/${reportFile}`, flags.json === true);
  } finally {
    letGo();
  }
  if (runs.isInterrupted)
    throw new RingError(
      'INTERRUPTED',
      `the study was stopped by its user: --out ${folder} goes on with it`,
    );
}

function studiesOf(name: string): readonly Study[] {
  if (name === 'all') return studies;
  const found = studies.find((each) => each.name === name);
  if (found) return [found];
  throw new RingError(
    'USAGE',
    `'${name}' is no study: the studies are ${studies.map((each) => each.name).join(', ')}, and all`,
  );
}
