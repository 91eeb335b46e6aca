// How a command ends that could not do what it was asked: one line on stderr, and an exit code.

import { CommanderError } from 'commander';
import { errorCodes, RingError } from '../errors.ts';
import { version } from './version.ts';

const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, ' ');

/** What commander says of a wrong argument, in this product's words. */
export const usageLine = (text: string): string =>
  `ringtmp: ${oneLine(text)
    .replace(/^error: /, '')
    .replace(/ \((Did you mean [^)]*)\)$/, '; $1')
    .replace('; Did', '; did')}\n`;

/** Tells the user why the command ends; gives the exit code. */
export function tellFailure(error: unknown): number {
  // Commander has said already what was wrong, or shown what was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : errorCodes.USAGE.exit;
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof RingError) {
    process.stderr.write(`ringtmp: ${oneLine(error.message)}\n`);
  } else {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    process.stderr.write(
      `ringtmp: unexpected ${oneLine(what)} (ringtmp ${version}, Node ${process.versions.node}): this is a fault of ringtmp: please report it, with what it says when RINGTMP_DEBUG=1 is set\n`,
    );
  }
  if (process.env['RINGTMP_DEBUG'] && stack) process.stderr.write(`${stack}\n`);
  return error instanceof RingError ? error.exitCode : unexpectedExit;
}

const unexpectedExit = errorCodes.GRAPH.exit;
