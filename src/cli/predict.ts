// `ringtmp predict`: what a trained model makes of samples, one line each, in their order. Lines leave as
// they come, so a file of any length takes no more memory than a short one.

import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { RingError } from '../errors.ts';
import type { TensorPayload } from '../protocol/messages.ts';
import { predictionLine } from './prediction-line.ts';
import type { Format } from './prediction-line.ts';
import { openFurtherSamples } from './run-samples.ts';
import { openTrainedRun, useRun } from './use-run.ts';
import type { UseFlags } from './use-run.ts';

export interface PredictFlags extends UseFlags {
  readonly data: string;
  readonly out?: string;
  readonly format: Format;
}

export async function predict(folder: string, flags: PredictFlags): Promise<void> {
  const trained = await openTrainedRun(folder);
  const { target: _, ...samples } = await openFurtherSamples(trained, flags.data);
  const { loss, resolved } = trained.training;
  const output = flags.out === undefined ? standardOutput : fileOutput(flags.out);
  try {
    await useRun(trained, samples, flags, (report) => {
      if (report.kind !== 'output') return;
      const [tensor] = (report.payload as TensorPayload).tensors;
      const { bytes, type } = tensor!;
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const rows = type.shape[0]!;
      const width = values.length / rows;
      let lines = '';
      for (let row = 0; row < rows; row += 1) {
        const outputs = values.subarray(row * width, (row + 1) * width);
        lines += `${predictionLine(outputs, loss, resolved.data.classes, flags.format)}\n`;
      }
      output.write(lines);
    });
    output.publish();
  } catch (error) {
    output.discard();
    throw error;
  } finally {
    await samples.close();
    await trained.run.close();
  }
}

interface Output {
  write(lines: string): void;
  publish(): void;
  discard(): void;
}

const standardOutput: Output = {
  write: (lines) => void process.stdout.write(lines),
  publish: () => undefined,
  discard: () => undefined,
};

/** A file that has its name only when it is whole. Errors: STORE. */
function fileOutput(path: string): Output {
  const partial = `${path}.partial`;
  const stored = <Value>(work: () => Value): Value => {
    try {
      return work();
    } catch (cause) {
      throw new RingError(
        'STORE',
        `${path} cannot be written: ${(cause as Error).message}; name another file with --out`,
        { cause },
      );
    }
  };
  const file = stored(() => openSync(partial, 'w'));
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  const discard = (): void => {
    close();
    rmSync(partial, { force: true });
  };
  return {
    write(lines) {
      try {
        stored(() => writeFileSync(file, lines));
      } catch (error) {
        // Lines come from the midst of the session, where nobody catches: the process ends at once.
        discard();
        throw error;
      }
    },
    publish: () =>
      stored(() => {
        close();
        renameSync(partial, path);
      }),
    discard,
  };
}
