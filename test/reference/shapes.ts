// Reference kernels: operators that only move elements.

import { integersOf, numberOf } from '../../src/graph/attributes.ts';
import { elementCount } from '../../src/graph/graph.ts';
import type { Kernel } from './operand.ts';
import { at, broadcastRead, generate, indexOf, read } from './operand.ts';

const same: Kernel = (inputs) => [at(inputs, 0).data];

const transpose: Kernel = (inputs, attributes, outputs) => {
  const x = at(inputs, 0);
  const perm = integersOf(attributes, 'perm');
  const y = generate(outputs[0]?.shape ?? [], (place) => {
    const source = Array<number>(place.length).fill(0);
    perm.forEach((axis, index) => {
      source[axis] = place[index] ?? 0;
    });
    return read(x.data, indexOf(x.shape, source));
  });
  return [y];
};

const slice: Kernel = (inputs, attributes, outputs) => {
  const x = at(inputs, 0);
  const [axis, start] = [numberOf(attributes, 'axis'), numberOf(attributes, 'start')];
  const y = generate(outputs[0]?.shape ?? [], (place) =>
    read(x.data, indexOf(x.shape, place.with(axis, (place[axis] ?? 0) + start))),
  );
  return [y];
};

const concat: Kernel = (inputs, attributes, outputs) => {
  const axis = numberOf(attributes, 'axis');
  const y = generate(outputs[0]?.shape ?? [], (place) => {
    let along = place[axis] ?? 0;
    let index = 0;
    for (; along >= (at(inputs, index).shape[axis] ?? 0); index++) {
      along -= at(inputs, index).shape[axis] ?? 0;
    }
    const x = at(inputs, index);
    return read(x.data, indexOf(x.shape, place.with(axis, along)));
  });
  return [y];
};

const gather: Kernel = (inputs) => {
  const [x, indices] = [at(inputs, 0), at(inputs, 1)];
  const width = elementCount(x.shape.slice(1));
  const y = Array.from(indices.data).flatMap((row) =>
    Array.from({ length: width }, (_, column) => read(x.data, row * width + column)),
  );
  return [y];
};

const gatherGradient: Kernel = (inputs, _, outputs) => {
  const [dy, indices] = [at(inputs, 0), at(inputs, 1)];
  const shape = outputs[0]?.shape ?? [];
  const width = elementCount(shape.slice(1));
  const dx = new Float64Array(elementCount(shape));
  Array.from(indices.data).forEach((row, index) => {
    for (let column = 0; column < width; column++) {
      const target = row * width + column;
      dx[target] = read(dx, target) + read(dy.data, index * width + column);
    }
  });
  return [dx];
};

const broadcast: Kernel = (inputs, _, outputs) => [
  generate(outputs[0]?.shape ?? [], (place) => broadcastRead(at(inputs, 0), place)),
];

export const shapeKernels = {
  Reshape: same,
  Identity: same,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  Gather: gather,
  GatherGradient: gatherGradient,
  Broadcast: broadcast,
} satisfies Record<string, Kernel>;
