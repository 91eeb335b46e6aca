// Opening what the user named: where it was looked for, and one line when it is not there.

import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RingError } from '../errors.ts';

/** Opens `file`, relative to `baseFolder`, for reading. `key` is its key in the description. Errors: DATA. */
export async function openDataFile(
  key: string,
  file: string,
  baseFolder: string,
): Promise<{ readonly handle: FileHandle; readonly path: string; readonly byteLength: number }> {
  const path = resolve(baseFolder, file);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const status = await handle.stat();
    if (status.isFile()) return { handle, path, byteLength: status.size };
  } catch (cause) {
    await handle?.close();
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'there is no such file'
        : (cause as Error).message;
    throw new RingError(
      'DATA',
      `data.${key}: ${path} cannot be read: ${reason}; correct the path`,
      {
        cause,
      },
    );
  }
  await handle.close();
  throw new RingError('DATA', `data.${key}: ${path} is a folder; name a file`);
}
