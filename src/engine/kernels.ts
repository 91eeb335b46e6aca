// The kernels as TypeScript sees them: the exports of kernels/index.ts, compiled to WebAssembly, over a
// memory given from outside. Nothing here knows Node, so that a Web Worker can load them as well.

/** What a lowered graph may call; each is a function of addresses, sizes and scalars. */
export type KernelName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'expand'
  | 'neg'
  | 'exponential'
  | 'logarithm'
  | 'squareRoot'
  | 'softplus'
  | 'relu'
  | 'leakyRelu'
  | 'elu'
  | 'gelu'
  | 'silu'
  | 'hyperbolicTangent'
  | 'logistic'
  | 'scale'
  | 'reluGradient'
  | 'leakyReluGradient'
  | 'eluGradient'
  | 'tanhGradient'
  | 'sigmoidGradient'
  | 'geluGradient'
  | 'siluGradient'
  | 'dropout'
  | 'sumRows'
  | 'sumColumns'
  | 'sumOfSquares'
  | 'softmax'
  | 'softmaxGradient'
  | 'softmaxCrossEntropy'
  | 'softmaxCrossEntropyGradient'
  | 'argMax'
  | 'copy'
  | 'fillZero'
  | 'copyBlocks'
  | 'permute'
  | 'transpose'
  | 'gather'
  | 'gatherGradient'
  | 'im2col'
  | 'col2im'
  | 'convolve'
  | 'convolveInputGradient'
  | 'convolveWeightGradient'
  | 'maxPool'
  | 'maxPoolGradient'
  | 'maxPool2'
  | 'maxPool2Gradient'
  | 'averagePool'
  | 'averagePoolGradient'
  | 'sgd'
  | 'sgdMomentum'
  | 'adam'
  | 'gemm';

export type Kernel = (...operands: number[]) => void;

/** Everything that a lowered graph may call. `gemm` takes no workspace here: it brings its own. */
export type Kernels = Readonly<Record<KernelName, Kernel>>;

/** The module's own product, which also takes the address of a workspace. */
export interface Exports extends Kernels {
  readonly gemmWorkspaceBytes: () => number;
}

/** Bytes at the start of every memory that belong to the module itself. */
export const reservedBytes = 65536;

/** An instance of the compiled kernels over `memory`. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as Exports;
}

/** The kernels with the module's own product, on one thread, whose workspace stands at `workspace`. */
export function withWasmProduct(exports: Exports, workspace: number): Kernels {
  return { ...exports, gemm: (...operands) => exports.gemm(...operands, workspace) };
}
