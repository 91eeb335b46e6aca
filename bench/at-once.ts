// How many steps a second single-node trainings make together, each in a process of its own: what the
// machine allows to any number of workers, however little they have to say to each other.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const alone = fileURLToPath(new URL('alone.ts', import.meta.url));
/** Until all of them have come to their first steps. */
const startSeconds = 2;

/** The sum over `count` trainings, all counted over the same `seconds`. */
export async function trainingsAtOnce(
  count: number,
  { name, batch }: { readonly name: string; readonly batch: number },
  seconds: number,
): Promise<number> {
  const from = Date.now() + 1000 * startSeconds;
  const given = ['--import', 'tsx', alone, name, batch, from, seconds].map(String);
  const rates = Array.from({ length: count }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, given);
    return Number(stdout);
  });
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
}
