// Measures the engine by itself: products by shape in GFLOP/s, element-wise kernels in GB/s, and whole
// training steps of a few nets. `node --import tsx bench/engine.ts [blas|wasm]`

import { createEngine } from '../src/engine/client.ts';
import { GraphBuilder } from '../src/graph/builder.ts';
import { differentiate } from '../src/graph/differentiate.ts';
import type { Attributes, Graph, TensorType } from '../src/graph/graph.ts';
import { elementCount } from '../src/graph/graph.ts';
import type { Engine, Tensor } from '../src/ports.ts';

const float32 = (...shape: number[]): TensorType => ({ type: 'float32', shape });
const nothing = float32();

/** The fastest of the runs that fit into the time. */
async function best(milliseconds: number, run: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let spent = 0, runs = 0; spent < milliseconds && runs < 2000; runs++) {
    const time = await run();
    spent += Math.max(time, 0.001);
    least = Math.min(least, time);
  }
  return least;
}

function fill(engine: Engine, tensor: Tensor, index: number): void {
  const bytes = engine.view(tensor);
  if (!bytes || tensor.type.type === 'int32') return;
  const elements = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let i = 0; i < elements.length; i++) elements[i] = Math.sin(i + index) / 32;
}

/** Milliseconds of one operator. */
async function timeOf(
  engine: Engine,
  op: string,
  types: TensorType[],
  attributes: Attributes = {},
) {
  const builder = new GraphBuilder();
  const inputs = types.map((type, index) => builder.input(`in${index}`, type));
  const graph = builder.finish([builder.apply(op, inputs, attributes)]);
  const program = await engine.compile(graph);
  const tensors = [...graph.inputs, ...graph.outputs].map((name) =>
    engine.allocate(graph.types[name] ?? nothing),
  );
  tensors.forEach((tensor, index) => fill(engine, tensor, index));
  const call = {
    program,
    inputs: tensors.slice(0, inputs.length),
    outputs: tensors.slice(inputs.length),
  };
  const time = await best(80, async () => (await engine.run([call, call])).milliseconds / 2);
  for (const tensor of tensors) engine.free(tensor);
  engine.release(program);
  return time;
}

async function products(engine: Engine): Promise<void> {
  console.log('product m x n x k (A transposed, B transposed): GFLOP/s');
  const shapes = [
    [32, 1024, 1024],
    [128, 1024, 1024],
    [128, 512, 784],
    [1024, 1024, 32],
    [1024, 1024, 128],
    [32, 10, 1024],
    [1, 1024, 1024],
    [16, 784, 9],
    [32, 196, 144],
    [144, 196, 32],
    [512, 512, 512],
  ];
  for (const [m = 1, n = 1, k = 1] of shapes) {
    const rates: string[] = [];
    for (const [transA, transB] of [
      [0, 0],
      [1, 0],
      [0, 1],
    ]) {
      const a = transA ? float32(k, m) : float32(m, k);
      const b = transB ? float32(n, k) : float32(k, n);
      const time = await timeOf(engine, 'Gemm', [a, b], {
        transA: transA ?? 0,
        transB: transB ?? 0,
      });
      rates.push(((2 * m * n * k) / time / 1e6).toFixed(1).padStart(7));
    }
    console.log(
      `  ${`${m} x ${n} x ${k}`.padEnd(20)} nn ${rates[0]}  tn ${rates[1]}  nt ${rates[2]}`,
    );
  }
}

async function elementwise(engine: Engine): Promise<void> {
  console.log('element-wise on 256 x 1024: GB/s moved');
  const x = float32(256, 1024);
  const cases: [string, TensorType[]][] = [
    ...['Relu', 'Exp', 'Log', 'Tanh', 'Sigmoid', 'Gelu', 'Softmax'].map(
      (op): [string, TensorType[]] => [op, [x]],
    ),
    ['Add', [x, x]],
    ['Add', [x, float32(1024)]],
    ['Add', [x, float32(256, 1)]],
    ['ReluGradient', [x, x]],
    ['ReduceSumSquare', [x]],
  ];
  for (const [op, types] of cases) {
    const time = await timeOf(engine, op, types);
    const bytes = 4 * (types.reduce((sum, { shape }) => sum + elementCount(shape), 0) + 256 * 1024);
    console.log(`  ${op.padEnd(16)} ${(bytes / time / 1e6).toFixed(1)}`);
  }
}

interface Net {
  readonly name: string;
  readonly input: TensorType;
  build(builder: GraphBuilder, x: string, parameter: (type: TensorType) => string): string;
}

const dense = (batch: number, ...widths: number[]): Net => ({
  name: `${widths.join('-')} batch ${batch}`,
  input: float32(batch, widths[0] ?? 1),
  build: (builder, x, parameter) =>
    widths.slice(1).reduce((value, width, layer) => {
      const w = parameter(float32(widths[layer] ?? 1, width));
      const y = builder.apply('Gemm', [value, w, parameter(float32(width))]);
      return layer === widths.length - 2 ? y : builder.apply('Relu', [y]);
    }, x),
});

const convolutional: Net = {
  name: 'cnn 1-16-32 batch 32',
  input: float32(32, 1, 28, 28),
  build: (builder, x, parameter) => {
    const shared = { strides: [1, 1], pads: [1, 1, 1, 1], group: 1 };
    const halves = { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] };
    let value = x;
    for (const [filters, channels] of [
      [16, 1],
      [32, 16],
    ] as const) {
      const w = parameter(float32(filters, channels, 3, 3));
      value = builder.apply('Conv', [value, w, parameter(float32(filters))], shared);
      value = builder.apply('MaxPool', [builder.apply('Relu', [value])], halves);
    }
    const flat = builder.apply('Reshape', [value], { shape: [32, 32 * 49] });
    return builder.apply('Gemm', [flat, parameter(float32(32 * 49, 10)), parameter(float32(10))]);
  },
};

/** Forward, backward and update of a net as three programs. */
function stepGraphs(net: Net): Graph[] {
  const builder = new GraphBuilder();
  const batch = net.input.shape[0] ?? 1;
  const x = builder.input('x', net.input);
  const target = builder.input('t', { type: 'int32', shape: [batch] });
  const parameters: string[] = [];
  const logits = net.build(builder, x, (type) => {
    const name = `p${parameters.length}`;
    parameters.push(name);
    return builder.input(name, type);
  });
  const losses = builder.apply('SoftmaxCrossEntropy', [logits, target]);
  const loss = builder.apply('ReduceSum', [losses], { axes: [0], keepdims: 0 });
  const graph = builder.finish([loss]);
  const { whole } = differentiate(graph, { seeds: { [loss]: 'seed' }, inputs: [], parameters });
  const kept = whole.inputs.filter((name) => !graph.inputs.includes(name) && name !== 'seed');
  const update = new GraphBuilder();
  update.input('s', float32(4));
  for (const name of parameters) {
    const type = graph.types[name] ?? nothing;
    update.input(name, type);
    update.input(`d/${name}`, type);
  }
  const updated = parameters.map((name) =>
    update.name(update.apply('Sgd', [name, `d/${name}`, '', 's']), `new/${name}`),
  );
  return [{ ...graph, outputs: [...new Set([loss, ...kept])] }, whole, update.finish(updated)];
}

async function steps(engine: Engine): Promise<void> {
  console.log('training step: milliseconds forward + backward + update in kernels, steps/s in all');
  const nets = [
    dense(32, 784, 512, 512, 10),
    dense(128, 784, 512, 512, 10),
    dense(32, 1024, 1024, 1024, 1024, 10),
    dense(128, 1024, 1024, 1024, 1024, 10),
    convolutional,
  ];
  for (const net of nets) {
    const graphs = stepGraphs(net);
    const tensors = new Map<string, Tensor>();
    const place = (graph: Graph, name: string): Tensor => {
      const owner = name.replace(/^new\//, '');
      const known = tensors.get(owner);
      if (known) return known;
      const tensor = engine.allocate(graph.types[name] ?? nothing);
      fill(engine, tensor, tensors.size);
      tensors.set(owner, tensor);
      return tensor;
    };
    const calls: Parameters<Engine['run']>[0][number][] = [];
    for (const graph of graphs)
      calls.push({
        program: await engine.compile(graph),
        inputs: graph.inputs.map((name) => place(graph, name)),
        outputs: graph.outputs.map((name) => place(graph, name)),
      });
    const parts: string[] = [];
    for (const call of calls)
      parts.push((await best(150, async () => (await engine.run([call])).milliseconds)).toFixed(2));
    const whole = await best(400, async () => {
      const start = performance.now();
      await engine.run(calls);
      return performance.now() - start;
    });
    console.log(`  ${net.name.padEnd(36)} ${parts.join(' + ')}  ${(1000 / whole).toFixed(1)}`);
    for (const tensor of tensors.values()) engine.free(tensor);
  }
}

const kinds = process.argv[2] ? [process.argv[2] as 'wasm' | 'blas'] : (['wasm', 'blas'] as const);
for (const kind of kinds) {
  const engine = await createEngine({ kind });
  console.log(`engine ${engine.description.name}`);
  await products(engine);
  await elementwise(engine);
  await steps(engine);
  await engine.close();
}
