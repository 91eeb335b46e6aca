// A ring to be disturbed: many steps by many layers, and the run of it that nothing disturbed.

import { expect } from 'vitest';
import { inFolder, modelOf, run, start, writeTraining } from './command.ts';
import type { Running } from './command.ts';

const units = [16, 14, 12, 10, 8, 6];
const model = units.flatMap((units) => [{ layer: 'dense', units }, { layer: 'relu' }]);

const file = (): string =>
  writeTraining('deep.json', { epochs: 60, model: [...model, { layer: 'dense', units: 3 }] });

/** To be made once, before any other is compared with it. */
export async function makeUndisturbed(): Promise<void> {
  expect(await run('train', file(), '--out', inFolder('undisturbed'))).toMatchObject({ code: 0 });
}

export const expectUndisturbed = (name: string): void =>
  expect(modelOf(inFolder(name))).toBe(modelOf(inFolder('undisturbed')));

export const startRing = (name: string, ...flags: string[]): Running =>
  start('train', file(), ...flags, '--json', '--out', inFolder(name));
