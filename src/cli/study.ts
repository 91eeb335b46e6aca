// `ringtmp study`: makes the runs that some studies ask for, one after the other, and writes what they say.
// Stopped at any time, it writes what there is; called again with the same folder, it goes on.

import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { RingError } from '../errors.ts';
import { formatDevices } from '../study/devices.ts';
import { studies } from '../study/studies/index.ts';
import type { Study, Trial } from '../study/study.ts';
import { planTrials } from '../study/trials.ts';
import type { TrialRequest } from '../study/trials.ts';
import type { ComparedProcess } from './compared-process.ts';
import { formatCount, formatDuration, formatNumberOf } from './format.ts';
import { onInterrupt } from './interrupt.ts';
import { bar, LiveLine } from './live-line.ts';
import { laboratory } from './places.ts';
import { newRunFolder, requireWritable } from './run-folder.ts';
import { StudyClock } from './study-clock.ts';
import { forgetSecret } from './study-secret.ts';
import { StudyRecord } from './study-record.ts';
import { reportOf, tell, trialsIn } from './study-report.ts';
import { runTrial } from './study-run.ts';
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
  const started = new Date().toISOString();
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
  let running: ComparedProcess | undefined;
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
    running?.stop();
  };
  const abandon = (): void => {
    interrupted = true;
    running?.kill();
  };
  const letGo = onInterrupt({ stop, abandon });
  const isMoot = (request: TrialRequest): boolean =>
    request.isMoot?.(trialsIn(record, requests)) ?? false;
  const clock = new StudyClock(
    requests,
    (request) => record.get(request) !== undefined || isMoot(request),
  );
  try {
    line.print(...places.notes);
    for (const [at, request] of requests.entries()) {
      if (interrupted) break;
      if (record.get(request)) continue;
      if (isMoot(request)) continue;
      const begun = performance.now() / 1000;
      const head = `${at + 1}/${requests.length} ${describe(request)}`;
      const show = (progress: string): void =>
        line.update(
          () =>
            `${bar(at / requests.length, 16)} ${head}${progress}, ${formatDuration(clock.secondsLeft(request, performance.now() / 1000 - begun))} left`,
        );
      let awaited = 0;
      const timer = setInterval(
        () => show(awaited > 0 ? `, waits for ${formatNumberOf(awaited, 'more device')}` : ''),
        1000,
      );
      try {
        const trial = await runTrial(request, {
          places,
          engine,
          folder: join(folder, 'copies'),
          limitSeconds: sizeDefaults[size].limitSeconds,
          progress: (step, steps) => show(`, step ${formatCount(step)}/${formatCount(steps)}`),
          joined: (joined, wanted) => (awaited = wanted - joined),
          again(reason) {
            if (!interrupted) line.print(`${head}: ${reason}; it is made again`);
            return !interrupted;
          },
          started(process) {
            running = process;
            if (interrupted) process.stop();
          },
        });
        if (interrupted) break;
        clock.took(request, performance.now() / 1000 - begun);
        await record.add(trial);
        for (const each of requests) if (isMoot(each)) clock.skips(each);
        line.print(`${head}: ${inShort(trial)}`);
      } catch (error) {
        // What comes of being stopped is no fault.
        if (!interrupted) throw error;
      } finally {
        clearInterval(timer);
      }
    }
    const report = await reportOf({
      chosen,
      setting,
      requests,
      record,
      repeats,
      started,
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
  if (interrupted)
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

const describe = ({ condition: { workload, variant, devices }, repeat }: TrialRequest): string => {
  const how = [variant.architecture, variant.consistency].filter(Boolean).join(' ');
  return `${workload}, ${how}, ${devices.length} devices, repeat ${repeat}`;
};

const inShort = ({ outcome }: Trial): string =>
  outcome.kind === 'failed'
    ? `failed: ${outcome.reason}`
    : `${outcome.run.seconds.toFixed(1)} s, ${formatCount(outcome.run.samplesPerSecond)} samples/s`;
