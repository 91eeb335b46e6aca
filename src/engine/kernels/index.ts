// Every kernel of the engine: functions over one linear memory, on addresses and sizes. Compiled by
// AssemblyScript (npm run build) to kernels.wasm and kernels-shared.wasm.

export * from './broadcast';
export * from './convolution';
export * from './dropout';
export * from './elementwise';
export * from './gemm';
export * from './layout';
export * from './optimizer';
export * from './pooling';
export * from './reduce';
