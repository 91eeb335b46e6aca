// Everything that a lab is made of, as data: a test can read it, and build.ts only carries it out.

import type { Device } from './device.ts';
import { entranceTo } from './enter.ts';
import { entryFiles, groupSettings, threadFile } from './groups.ts';
import type { Hierarchies, Setting } from './groups.ts';
import { describeDevices } from './laboratory.ts';
import type { Laboratory } from './laboratory.ts';
import { namespaceName } from './name.ts';
import { addressOf, networkCommands } from './network.ts';
import type { Command } from './network.ts';

export interface LabPlan {
  readonly name: string;
  readonly hierarchies: Hierarchies;
  readonly settings: readonly Setting[];
  readonly commands: readonly Command[];
  readonly laboratory: Laboratory;
}

export interface LabRequest {
  readonly name: string;
  readonly hierarchies: Hierarchies;
  /** Scaled. */
  readonly devices: readonly Device[];
  readonly scale: number;
}

export function planLab({ name, hierarchies, devices, scale }: LabRequest): LabPlan {
  return {
    name,
    hierarchies,
    settings: groupSettings(hierarchies, name, devices),
    commands: networkCommands(name, devices),
    laboratory: {
      description: describeDevices(devices, scale),
      scale,
      devices: devices.map((device, at) => ({
        ...device,
        address: addressOf(at + 1),
        engineFile: threadFile(hierarchies, name, device.name, 'engine'),
        enter: entranceTo({
          number: at + 1,
          name: device.name,
          files: entryFiles(hierarchies, name, device.name),
          namespace: namespaceName(name, at + 1),
        }),
      })),
    },
  };
}
