// The secret by which real devices come in to a study. It is the same for as long as the study takes, also
// when that is stopped and gone on with: what was left running on each device still finds its way.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RingError } from '../errors.ts';
import { isSecret, makeSecret } from '../transport/invitation.ts';

const pathIn = (folder: string): string => join(folder, 'secret');

/** What an earlier part of the study left in its folder, or a new one, for this user alone to read. Errors: STORE. */
export async function studySecret(folder: string): Promise<string> {
  const path = pathIn(folder);
  const known = await readFile(path, 'utf8').catch(() => '');
  if (isSecret(known.trim())) return known.trim();
  const secret = makeSecret();
  try {
    await mkdir(folder, { recursive: true });
    await rm(path, { force: true });
    await writeFile(path, `${secret}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new RingError(
      'STORE',
      `${path} cannot be written (${(cause as Error).message}): give --out a folder that can be written to`,
      { cause },
    );
  }
  return secret;
}

/** The study is complete: nobody need come in any more. */
export const forgetSecret = (folder: string): Promise<void> => rm(pathIn(folder), { force: true });
