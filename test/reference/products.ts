// Reference kernels: matrix products, convolutions, pooling.

import { integersOf, numberOf } from '../../src/graph/attributes.ts';
import type { Attributes, Shape } from '../../src/graph/graph.ts';
import { elementCount } from '../../src/graph/graph.ts';
import type { Kernel } from './operand.ts';
import { at, broadcastRead, generate, indexOf, read } from './operand.ts';

const shapeOf = (outputs: readonly { shape: Shape }[]): Shape => outputs[0]?.shape ?? [];

const gemm: Kernel = (inputs, attributes, outputs) => {
  const [a, b, c] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const { transA, transB } = attributes;
  const inner = a.shape[transA ? 0 : 1] ?? 0;
  const y = generate(shapeOf(outputs), (place) => {
    const [m = 0, n = 0] = place;
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      sum +=
        read(a.data, indexOf(a.shape, transA ? [k, m] : [m, k])) *
        read(b.data, indexOf(b.shape, transB ? [n, k] : [k, n]));
    }
    const addend = c ? numberOf(attributes, 'beta') * broadcastRead(c, place) : 0;
    return numberOf(attributes, 'alpha') * sum + addend;
  });
  return [y];
};

const matMul: Kernel = (inputs, _, outputs) => {
  const [a, b] = [at(inputs, 0), at(inputs, 1)];
  const inner = a.shape.at(-1) ?? 0;
  const y = generate(shapeOf(outputs), (place) => {
    const [m = 0, n = 0] = place.slice(-2);
    const leading = place.slice(0, -2);
    // Read as if leading axes were all there and the inner axis had been broadcast from nothing.
    const element = (operand: typeof a, row: number, column: number) => {
      const rank = operand.shape.length;
      const own = leading
        .slice(leading.length - (rank - 2))
        .map((value, axis) => (operand.shape[axis] === 1 ? 0 : value));
      return read(operand.data, indexOf(operand.shape, [...own, row, column]));
    };
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += element(a, m, k) * element(b, k, n);
    return sum;
  });
  return [y];
};

/** Calls `visit` for every pair of a window's place and an image's place that it covers. */
function windows(
  attributes: Attributes,
  kernel: readonly number[],
  output: Shape,
  image: Shape,
  visit: (oy: number, ox: number, ky: number, kx: number, y: number, x: number) => void,
): void {
  const [kh = 0, kw = 0] = kernel;
  const [down = 1, across = 1] = integersOf(attributes, 'strides');
  const [top = 0, left = 0] = integersOf(attributes, 'pads');
  const [height = 0, width = 0] = image.slice(2);
  for (let oy = 0; oy < (output[2] ?? 0); oy++) {
    for (let ox = 0; ox < (output[3] ?? 0); ox++) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const y = oy * down + ky - top;
          const x = ox * across + kx - left;
          if (y >= 0 && y < height && x >= 0 && x < width) visit(oy, ox, ky, kx, y, x);
        }
      }
    }
  }
}

/** Calls `visit` for every product in a convolution, with the indices of output, image and weight. */
function convolution(
  attributes: Attributes,
  output: Shape,
  image: Shape,
  weight: Shape,
  visit: (output: number, image: number, weight: number) => void,
): void {
  const [filters = 0, perGroup = 0, ...kernel] = weight;
  const filtersPerGroup = filters / numberOf(attributes, 'group');
  for (let n = 0; n < (output[0] ?? 0); n++) {
    for (let o = 0; o < filters; o++) {
      for (let c = 0; c < perGroup; c++) {
        const channel = Math.floor(o / filtersPerGroup) * perGroup + c;
        windows(attributes, kernel, output, image, (oy, ox, ky, kx, y, x) =>
          visit(
            indexOf(output, [n, o, oy, ox]),
            indexOf(image, [n, channel, y, x]),
            indexOf(weight, [o, c, ky, kx]),
          ),
        );
      }
    }
  }
}

const add = (data: Float64Array, index: number, value: number): void => {
  data[index] = read(data, index) + value;
};

const conv: Kernel = (inputs, attributes, outputs) => {
  const [x, w, bias] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const shape = shapeOf(outputs);
  const y = generate(shape, ([, o = 0]) => (bias ? read(bias.data, o) : 0));
  convolution(attributes, shape, x.shape, w.shape, (output, image, weight) =>
    add(y, output, read(x.data, image) * read(w.data, weight)),
  );
  return [y];
};

const convInputGradient: Kernel = (inputs, attributes, outputs) => {
  const [dy, w] = [at(inputs, 0), at(inputs, 1)];
  const shape = shapeOf(outputs);
  const dx = new Float64Array(elementCount(shape));
  convolution(attributes, dy.shape, shape, w.shape, (output, image, weight) =>
    add(dx, image, read(dy.data, output) * read(w.data, weight)),
  );
  return [dx];
};

const convWeightGradient: Kernel = (inputs, attributes, outputs) => {
  const [dy, x, c] = [at(inputs, 0), at(inputs, 1), inputs[2]];
  const shape = shapeOf(outputs);
  const dw = c ? Float64Array.from(c.data) : new Float64Array(elementCount(shape));
  convolution(attributes, dy.shape, x.shape, shape, (output, image, weight) =>
    add(dw, weight, read(dy.data, output) * read(x.data, image)),
  );
  return [dw];
};

/** Calls `visit` for every element of every window, with the indices of output and image. */
function pools(
  attributes: Attributes,
  output: Shape,
  image: Shape,
  visit: (output: number, image: number) => void,
): void {
  for (let n = 0; n < (output[0] ?? 0); n++) {
    for (let c = 0; c < (output[1] ?? 0); c++) {
      windows(attributes, integersOf(attributes, 'kernel'), output, image, (oy, ox, _, __, y, x) =>
        visit(indexOf(output, [n, c, oy, ox]), indexOf(image, [n, c, y, x])),
      );
    }
  }
}

const windowSize = (attributes: Attributes) => elementCount(integersOf(attributes, 'kernel'));

const maxPool: Kernel = (inputs, attributes, outputs) => {
  const x = at(inputs, 0);
  const y = new Float64Array(elementCount(shapeOf(outputs))).fill(-Infinity);
  pools(attributes, shapeOf(outputs), x.shape, (output, image) => {
    y[output] = Math.max(read(y, output), read(x.data, image));
  });
  return [y];
};

const maxPoolGradient: Kernel = (inputs, attributes) => {
  const [dy, x, y] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const dx = new Float64Array(x.data.length);
  const given = new Set<number>();
  pools(attributes, dy.shape, x.shape, (output, image) => {
    if (given.has(output) || read(x.data, image) !== read(y.data, output)) return;
    given.add(output);
    add(dx, image, read(dy.data, output));
  });
  return [dx];
};

const averagePool: Kernel = (inputs, attributes, outputs) => {
  const x = at(inputs, 0);
  const y = new Float64Array(elementCount(shapeOf(outputs)));
  pools(attributes, shapeOf(outputs), x.shape, (output, image) =>
    add(y, output, read(x.data, image) / windowSize(attributes)),
  );
  return [y];
};

const averagePoolGradient: Kernel = (inputs, attributes, outputs) => {
  const dy = at(inputs, 0);
  const dx = new Float64Array(elementCount(shapeOf(outputs)));
  pools(attributes, dy.shape, shapeOf(outputs), (output, image) =>
    add(dx, image, read(dy.data, output) / windowSize(attributes)),
  );
  return [dx];
};

export const productKernels = {
  Gemm: gemm,
  MatMul: matMul,
  Conv: conv,
  ConvInputGradient: convInputGradient,
  ConvWeightGradient: convWeightGradient,
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  AveragePool: averagePool,
  AveragePoolGradient: averagePoolGradient,
} satisfies Record<string, Kernel>;
