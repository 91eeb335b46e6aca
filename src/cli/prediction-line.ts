// One sample's prediction as a line: a class with its probability where classes were learnt, otherwise
// the numbers.

import type { LossKind } from '../model/training.ts';

export type Format = 'csv' | 'jsonl';

/** `outputs`: of one sample, as they are before the loss. */
export function predictionLine(
  outputs: Float32Array,
  loss: LossKind,
  classes: readonly string[] | undefined,
  format: Format,
): string {
  if (loss === 'softmaxCrossEntropy') {
    const best = outputs.reduce((at, value, index) => (value > outputs[at]! ? index : at), 0);
    const name = classes?.[best] ?? String(best);
    return classLine(name, round(probabilityOf(outputs, best)), format);
  }
  const isBinary = loss === 'binaryCrossEntropy';
  if (isBinary && classes) {
    const isSecond = outputs[0]! > 0;
    const probability = round(sigmoid(Math.abs(outputs[0]!)));
    return classLine(classes[isSecond ? 1 : 0]!, probability, format);
  }
  const values = Array.from(outputs, (value) => (isBinary ? round(sigmoid(value)) : round(value)));
  return format === 'csv'
    ? values.join(',')
    : JSON.stringify({ [isBinary ? 'probabilities' : 'values']: values });
}

const classLine = (name: string, probability: number, format: Format): string =>
  format === 'csv'
    ? `${csvCell(name)},${probability}`
    : JSON.stringify({ class: name, probability });

/** Softmax's share of the greatest output, whose exponent is 0. */
const probabilityOf = (outputs: Float32Array, best: number): number =>
  1 / outputs.reduce((sum, value) => sum + Math.exp(value - outputs[best]!), 0);

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** As many figures as a float32 has. */
const round = (value: number): number => Number(value.toPrecision(7));

const csvCell = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
