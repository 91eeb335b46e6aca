// The flags that several commands share, and how their texts become values.

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

/** A parser of whole numbers from `least` on. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`A whole number from ${least} is expected.`);
  };

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('A number above 0 is expected.');
}

export function share(text: string): number {
  const value = positiveNumber(text);
  if (value <= 1) return value;
  throw new InvalidArgumentError('A number above 0 and at most 1 is expected.');
}

export const withRingFlags = (command: Command): Command =>
  command
    .option('-n, --nodes <N>', 'form a ring of N processes on this machine', wholeNumber(1))
    .option('-w, --workers <N>', 'wait for N other devices to join instead', wholeNumber(1))
    .option('--listen <HOST:PORT>', 'where to wait for them (port 0: any that is free)');

export const withEngineFlags = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--engine <kind>',
        "what computes: the system's BLAS, the built-in wasm, or the better of them",
      ).choices(['auto', 'wasm', 'blas']),
    )
    .option('--threads <T>', 'threads that each node computes with', wholeNumber(1));

export const withReplicasFlag = (command: Command): Command =>
  command.addOption(
    new Option(
      '--replicas <where>',
      'where the copies of layers are kept that the loss of a device is made good with (default: disk)',
    ).choices(['disk', 'memory']),
  );
