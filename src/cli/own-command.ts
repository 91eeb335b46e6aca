// How this command starts itself again, as a worker or for one run of a comparison.

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const extension = extname(import.meta.url);

/** The file that a new process runs. */
export const mainFile = fileURLToPath(new URL(`./main${extension}`, import.meta.url));

/** Node's flags for it: run from its TypeScript, a process needs what lets this one do so. */
export const nodeFlags: readonly string[] = extension === '.ts' ? process.execArgv : [];
