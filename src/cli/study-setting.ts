// What a study is made with, from the flags that say it: a size, devices, data.

import { totalmem } from 'node:os';

import { RingError } from '../errors.ts';
import { parseTraining } from '../model/training.ts';
import type { StudySetting, StudySize, TrainingFile } from '../study/study.ts';
import { reachableInvitations } from './invitations.ts';
import { boardsHere } from './lab-boards.ts';
import type { EngineFlags } from './ring-flags.ts';
import { studySecret } from './study-secret.ts';
import { joinedPlaces, parseStudyDevices, placesHere } from './study-places.ts';
import type { PlacesRequest, StudyPlaces } from './study-places.ts';
import { readTrainingFile, withWholePaths } from './training-file.ts';

export interface StudyFlags extends EngineFlags {
  readonly devices?: string;
  readonly workers?: number;
  readonly listen?: string;
  readonly repeat?: number;
  readonly data?: string;
  readonly out?: string;
  readonly tiny?: true;
  readonly full?: true;
  readonly json?: true;
}

interface SizeDefaults {
  readonly devices: string;
  readonly repeats: number;
  /** Of one run. */
  readonly limitSeconds: number;
}

export const sizeDefaults: Readonly<Record<StudySize, SizeDefaults>> = {
  tiny: { devices: '2xpi-5@100mbit@512mb', repeats: 1, limitSeconds: 60 },
  short: { devices: '4xpi-4b@20mbit@1gb', repeats: 3, limitSeconds: 120 },
  full: { devices: '4xpi-4b@20mbit@1gb', repeats: 5, limitSeconds: 1800 },
};

export interface PreparedStudy {
  readonly setting: StudySetting;
  readonly placesFor: (request: Omit<PlacesRequest, 'boardOf'>) => StudyPlaces;
}

/** `folder`: the study's own. Errors: USAGE, STORE; later LAB. */
export async function settingOf(
  size: StudySize,
  folder: string,
  flags: StudyFlags,
): Promise<PreparedStudy> {
  const data = flags.data === undefined ? undefined : await dataOf(flags.data);
  const { workers, listen } = flags;
  if (workers !== undefined || listen !== undefined) {
    if (workers === undefined || listen === undefined || flags.devices !== undefined)
      throw new RingError(
        'USAGE',
        'real devices are awaited with --workers N and --listen HOST:PORT together, and without --devices',
      );
    if (!/:[1-9]\d*$/.test(listen))
      throw new RingError(
        'USAGE',
        `--listen ${listen}: give a port of its own, since devices come back to it for each run`,
      );
    const places = joinedPlaces(listen, await studySecret(folder));
    const link = { kind: 'wired', bitsPerSecond: 0, latencySeconds: 0 } as const;
    const device = { board: 'device', memoryBytes: totalmem(), link };
    const invitations = reachableInvitations(places.invitation);
    const notes = [
      `on each of ${workers} devices, for as long as the study takes:`,
      ...invitations.map((invitation) => `  while sleep 1; do ringtmp join '${invitation}'; done`),
    ];
    return {
      setting: {
        size,
        devices: Array.from({ length: workers + 1 }, () => device),
        isReal: true,
        ...(data && { data }),
      },
      placesFor: () => ({ ...places, notes }),
    };
  }
  const boardOf = await boardsHere();
  const devices = parseStudyDevices(flags.devices ?? sizeDefaults[size].devices, boardOf);
  if (devices.length < 2)
    throw new RingError('USAGE', 'to compare, a study needs at least 2 devices');
  return {
    setting: { size, devices, ...(data && { data }) },
    placesFor: (request) => placesHere({ ...request, boardOf }),
  };
}

/** The data part of a training file, its paths whole. */
async function dataOf(file: string): Promise<TrainingFile> {
  const { value, where, baseFolder } = await readTrainingFile(file);
  return withWholePaths(parseTraining(value, where).data, baseFolder);
}
