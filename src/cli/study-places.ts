// Where a study's trials are run: in a lab of emulated devices, each time a new one; on plain processes where
// a lab cannot be had; or on devices that joined.

import {
  buildLab,
  hierarchies,
  hostNow,
  labName,
  labVariable,
  letStart,
  missingForLab,
  ownerNow,
  parseDevices,
  planLab,
  removeLab,
  removeLeftovers,
  requireCapacity,
  scaled,
} from '../lab/index.ts';
import type { Board, Device } from '../lab/index.ts';
import { RingError } from '../errors.ts';
import { deviceProfile } from '../power/index.ts';
import { describeDevices, formatDevices } from '../study/devices.ts';
import type { StudyDevice } from '../study/devices.ts';
import type { TrialPlace } from '../study/study.ts';
import { formatInvitation } from '../transport/invitation.ts';
import type { ComparedRequest, Entrance } from './compared-process.ts';

/** What a trial needs to know of its place. */
export interface OpenPlace {
  readonly place: TrialPlace;
  readonly entrance?: Entrance;
  readonly request: Pick<ComparedRequest, 'link' | 'joining' | 'profile'>;
  /** From then on each node is as fast as its device. */
  holdBack?(): void;
  /** Nothing is measured any more: nodes may end as fast as this machine lets them. */
  letGo?(): void;
  /** Takes down what was put up for it. */
  close(): void;
}

export interface StudyPlaces {
  /** What an engine is unless somebody says otherwise. */
  readonly engine: 'wasm' | 'auto';
  /** For a person, before the first trial; each a line. */
  readonly notes: readonly string[];
  /** Errors: LAB. */
  open(devices: readonly StudyDevice[]): OpenPlace;
}

/** `4xpi-4b@20mbit`: one for each device. Errors: USAGE. */
export const parseStudyDevices = (
  text: string,
  boardOf: (name: string) => Board,
): readonly StudyDevice[] =>
  parseDevices(text, boardOf).map(({ board, memoryBytes, link }) => ({ board, memoryBytes, link }));

export interface PlacesRequest {
  /** What each trial will ask for. */
  readonly all: readonly (readonly StudyDevice[])[];
  readonly boardOf: (name: string) => Board;
  /** That earlier trials of the same study were made at, on these devices. */
  readonly scaleOf: (devices: readonly StudyDevice[]) => number | undefined;
}

/** A lab if this machine and user can have one. Errors: LAB. */
export function placesHere(request: PlacesRequest): StudyPlaces {
  const missing = missingForLab();
  return missing.length === 0 ? labPlaces(request) : processPlaces(missing);
}

/** Tried from the first; whoever needs less still gets a figure that a person can reckon with. */
const scales = [
  1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02, 0.01,
];

/**
 * As near to full speed as this machine can carry just these devices: what is compared as a pair has the same ones,
 * and what is compared over their number counts seconds as the devices would have taken them.
 */
function labPlaces({ all, boardOf, scaleOf }: PlacesRequest): StudyPlaces {
  const devicesOf = (devices: readonly StudyDevice[], scale: number): Device[] =>
    scaled(parseDevices(formatDevices(devices), boardOf), scale);
  const roots = hierarchies()!;
  const host = hostNow();
  const fits = (devices: readonly StudyDevice[], scale: number): boolean => {
    try {
      requireCapacity(devicesOf(devices, scale), scale, host);
      return true;
    } catch (error) {
      // The last scale's error is the one to tell.
      if (scale === scales.at(-1) || !(error instanceof RingError)) throw error;
      return false;
    }
  };
  const chosen = new Map<string, number>();
  for (const devices of all) {
    const name = formatDevices(devices);
    if (!chosen.has(name))
      chosen.set(name, scaleOf(devices) ?? scales.find((scale) => fits(devices, scale))!);
  }
  const slowest = Math.min(...chosen.values());
  for (const _ of removeLeftovers());
  return {
    engine: 'wasm',
    notes: [
      `devices are emulated at their own speed${slowest === 1 ? '' : `; where this machine cannot carry so many of them, in slow motion, at ${slowest} of it or more`}`,
    ],
    open(devices) {
      const scale = chosen.get(formatDevices(devices))!;
      const name = labName(ownerNow());
      const emulated = devicesOf(devices, scale);
      const plan = planLab({ name, hierarchies: roots, devices: emulated, scale });
      const remove = (): void => removeLab(name, roots);
      // Also where something else ends this process.
      process.on('exit', remove);
      buildLab(plan);
      const holdBack = letStart(plan);
      const { laboratory } = plan;
      return {
        place: { kind: 'lab', description: laboratory.description, scale },
        entrance: {
          enter: laboratory.devices[0]!.enter,
          environment: { [labVariable]: JSON.stringify(laboratory) },
        },
        request: {},
        holdBack,
        letGo: () => void letStart(plan),
        close() {
          remove();
          process.off('exit', remove);
        },
      };
    },
  };
}

function processPlaces(missing: readonly string[]): StudyPlaces {
  return {
    engine: 'auto',
    notes: [
      `devices cannot be emulated here, which needs ${missing.join(' and ')}: plain processes take their place, with links slowed down, as fast as this machine`,
    ],
    open(devices) {
      const [{ board, link }] = devices as [StudyDevice];
      if (devices.some((device) => device.link.kind === 'wifi'))
        throw new RingError(
          'LAB',
          'plain processes cannot share a medium as devices on Wi-Fi do: give wired devices, or run it as root where a lab can be had',
        );
      return {
        place: {
          kind: 'processes',
          description: `${devices.length} plain processes of this machine in the place of ${describeDevices(devices)}`,
          scale: 1,
        },
        request: {
          link: {
            bytesPerSecond: link.bitsPerSecond / 8,
            latencySeconds: link.latencySeconds,
          },
          profile: deviceProfile(board),
        },
        close: () => undefined,
      };
    },
  };
}

/** Devices that join with this secret, again for each run. */
export function joinedPlaces(
  listen: string,
  secret: string,
): StudyPlaces & { readonly invitation: string } {
  return {
    engine: 'auto',
    invitation: formatInvitation({ address: listen, secret }),
    notes: [],
    open: (devices) => ({
      place: {
        kind: 'devices',
        description: `this machine and ${devices.length - 1} devices that joined it`,
        scale: 1,
      },
      request: devices.length > 1 ? { joining: { listen, secret } } : {},
      close: () => undefined,
    }),
  };
}
