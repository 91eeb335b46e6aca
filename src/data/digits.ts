// `digits`: handwritten-looking digits, drawn instead of downloaded. Each is one of several styles of
// writing, bent by a smooth wobble, turned, slanted, scaled and moved, inked with a pen of some width
// on noisy paper, now and then beside a stray stroke. Several styles a digit and the movement keep a
// linear model low; a small network learns them. Sample i follows from seed and i alone, and only
// exactly rounded arithmetic is used, so every machine draws the same pixels.

import type { Dataset } from '../ports.ts';
import { digitStyles, type Stroke } from './digit-strokes.ts';
import { streamKey, uniformStream } from './random.ts';

const side = 28;
const pixels = side * side;
const digitsStream = 3;
const cacheBytes = 64 * 2 ** 20;

export interface Digit {
  readonly label: number;
  /** [28, 28], 0 paper to 255 ink. */
  readonly image: Uint8Array;
}

type Uniform = () => number;
type Place = (x: number, y: number) => readonly [x: number, y: number];

const between = (uniform: Uniform, low: number, high: number): number =>
  low + (high - low) * uniform();

/** About normal with deviation 1: four uniforms, no transcendental function. */
const bell = (uniform: Uniform): number =>
  (uniform() + uniform() + uniform() + uniform() - 2) * 1.7320508;

/** Draws digit `index` of the series `seed`. */
export function drawDigit(seed: number, index: number): Digit {
  const uniform = uniformStream(streamKey(digitsStream, seed, index));
  const label = Math.floor(uniform() * 10);
  const styles = digitStyles[label] as readonly (readonly Stroke[])[];
  const style = styles[Math.floor(uniform() * styles.length)] as readonly Stroke[];
  const ink = new Float32Array(pixels);
  const place = handwriting(uniform);
  const radius = between(uniform, 0.9, 2.1);
  for (const stroke of style) drawStroke(ink, stroke, place, radius);
  if (uniform() < 0.15) drawStrayStroke(ink, uniform);
  return { label, image: develop(ink, uniform) };
}

/** A place on the unit square to a pixel: wobble, then rotation, slant, scale and shift. */
function handwriting(uniform: Uniform): Place {
  const wobble = Float32Array.from({ length: 32 }, () => 0.03 * bell(uniform));
  const angle = between(uniform, -0.25, 0.25);
  // sin and cos by their series: Math.sin and powers need not have the same bits everywhere.
  const square = angle * angle;
  const sine = angle * (1 - (square / 6) * (1 - square / 20));
  const cosine = 1 - (square / 2) * (1 - square / 12);
  const slant = between(uniform, -0.25, 0.25);
  const height = between(uniform, 16.5, 21);
  const width = height * between(uniform, 0.65, 1);
  const centreX = side / 2 + between(uniform, -2.5, 2.5);
  const centreY = side / 2 + between(uniform, -2.5, 2.5);
  return (x, y) => {
    const bentX = x + smoothField(wobble, 0, x, y) - 0.5;
    const bentY = y + smoothField(wobble, 16, x, y) - 0.5;
    const slantedX = (bentX - slant * bentY) * width;
    const scaledY = bentY * height;
    return [
      centreX + cosine * slantedX - sine * scaledY,
      centreY + sine * slantedX + cosine * scaledY,
    ];
  };
}

/** Bilinear value at (x, y) of the unit square of a 4 x 4 grid that starts at `first`. */
function smoothField(grid: Float32Array, first: number, x: number, y: number): number {
  const column = Math.min(Math.max(x * 3, 0), 2.999);
  const row = Math.min(Math.max(y * 3, 0), 2.999);
  const corner = first + Math.floor(row) * 4 + Math.floor(column);
  const right = column % 1;
  const down = row % 1;
  const at = (offset: number) => grid[corner + offset] as number;
  return (
    (1 - down) * ((1 - right) * at(0) + right * at(1)) +
    down * ((1 - right) * at(4) + right * at(5))
  );
}

function drawStroke(ink: Float32Array, stroke: Stroke, place: Place, radius: number): void {
  let [fromX, fromY] = place(stroke[0] as number, stroke[1] as number);
  for (let i = 2; i < stroke.length; i += 2) {
    const [toX, toY] = place(stroke[i] as number, stroke[i + 1] as number);
    drawSegment(ink, fromX, fromY, toX, toY, radius);
    fromX = toX;
    fromY = toY;
  }
}

function drawStrayStroke(ink: Float32Array, uniform: Uniform): void {
  const x = between(uniform, 0, side);
  const y = between(uniform, 0, side);
  const toX = x + between(uniform, -6, 6);
  const toY = y + between(uniform, -6, 6);
  drawSegment(ink, x, y, toX, toY, between(uniform, 0.4, 0.9));
}

/** Inks what lies within `radius` of a segment, with an edge one pixel soft. */
function drawSegment(
  ink: Float32Array,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
  radius: number,
): void {
  const reach = radius + 0.5;
  const left = Math.max(0, Math.ceil(Math.min(fromX, toX) - reach));
  const right = Math.min(side - 1, Math.floor(Math.max(fromX, toX) + reach));
  const top = Math.max(0, Math.ceil(Math.min(fromY, toY) - reach));
  const bottom = Math.min(side - 1, Math.floor(Math.max(fromY, toY) + reach));
  const alongX = toX - fromX;
  const alongY = toY - fromY;
  const perLength = 1 / (alongX * alongX + alongY * alongY + 1e-9);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const part = ((x - fromX) * alongX + (y - fromY) * alongY) * perLength;
      const nearest = part < 0 ? 0 : part > 1 ? 1 : part;
      const awayX = x - fromX - nearest * alongX;
      const awayY = y - fromY - nearest * alongY;
      const cover = reach - Math.sqrt(awayX * awayX + awayY * awayY);
      const pixel = y * side + x;
      if (cover > (ink[pixel] as number)) ink[pixel] = cover < 1 ? cover : 1;
    }
  }
}

/** Ink of some strength on paper with grain. */
function develop(ink: Float32Array, uniform: Uniform): Uint8Array {
  const strength = between(uniform, 0.7, 1);
  const grain = between(uniform, 0.02, 0.04);
  const image = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const value = strength * (ink[i] as number) + grain * 3.4641016 * (uniform() - 0.5);
    image[i] = value <= 0 ? 0 : value >= 1 ? 255 : Math.round(255 * value);
  }
  return image;
}

export const digitClasses: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** `count` digits from index `first` on. Drawn ones are kept, up to 64 MiB of them. */
export function digitsDataset(seed: number, first: number, count: number): Dataset {
  const kept = Math.min(count, Math.floor(cacheBytes / pixels));
  const images = new Uint8Array(kept * pixels);
  const labels = new Int8Array(kept).fill(-1);

  function digit(index: number): Digit {
    if (index >= kept) return drawDigit(seed, first + index);
    const image = images.subarray(index * pixels, (index + 1) * pixels);
    const label = labels[index] as number;
    if (label >= 0) return { label, image };
    const drawn = drawDigit(seed, first + index);
    image.set(drawn.image);
    labels[index] = drawn.label;
    return drawn;
  }

  return {
    count,
    inputShape: [1, side, side],
    target: { type: 'int32', shape: [] },
    classes: digitClasses,
    read(indices) {
      const inputs = new Float32Array(indices.length * pixels);
      const targets = new Int32Array(indices.length);
      for (let row = 0; row < indices.length; row++) {
        const { label, image } = digit(indices[row] as number);
        for (let i = 0; i < pixels; i++) inputs[row * pixels + i] = (image[i] as number) / 255;
        targets[row] = label;
      }
      return Promise.resolve({ inputs, targets });
    },
    close: () => Promise.resolve(),
  };
}
