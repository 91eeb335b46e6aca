// Reading the kernel's attribute files: one value a file, any of which may be absent, forbidden, or
// gone from one reading to the next.

import { readdir, readFile } from 'node:fs/promises';

import { RingError } from '../errors.ts';

/** The names in a folder, `hwmon2` before `hwmon10`; none where there is no such folder. */
export async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** What an attribute says, or undefined where it is not there or says nothing. */
export async function readText(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}

/** An attribute that must be a number. Errors: SENSOR. */
export async function readNumber(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new RingError('SENSOR', `${path} ${whyNot(cause)}`, { cause });
  });
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new RingError('SENSOR', `${path} holds ${JSON.stringify(text.trim())}, expected a number`);
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EACCES' || code === 'EPERM')
    return 'may not be read: run as root, or let its readers in with chmod a+r';
  if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO')
    return 'is not there: the sensor was removed, or its driver unloaded';
  return `cannot be read: ${message}`;
}
