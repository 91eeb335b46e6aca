// Where a run is kept when nobody says where, and that no run ever takes another's place.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { RingError } from '../errors.ts';

/** A run that ended before its first checkpoint is nothing to keep. */
const holdsRun = (folder: string): boolean => existsSync(join(folder, 'model.safetensors'));

/** `20260131-235959`, local time. */
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** A new folder's path under runs/, after the name of the training. */
export function newRunFolder(name: string, date: Date): string {
  const plain = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|-+$/g, '');
  const folder = join('runs', `${plain || 'run'}-${stamp(date)}`);
  for (let more = 2; ; more += 1) {
    const candidate = more === 2 ? folder : `${folder}-${more - 1}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/** Errors: RUN when the folder holds a run already. */
export function requireNoRun(folder: string): void {
  if (!holdsRun(folder)) return;
  throw new RingError(
    'RUN',
    `${folder} already holds a run: name another folder with --out, or remove this one`,
  );
}
