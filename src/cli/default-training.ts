// What `ringtmp train` trains when it is given no file: digits of its own making on four processes.
// Deep enough that each of four nodes, and both of the master's stages, hold layers with parameters.

export const defaultTraining = {
  name: 'digits',
  data: { kind: 'digits' },
  model: [
    { layer: 'flatten' },
    { layer: 'dense', units: 256 },
    { layer: 'relu' },
    { layer: 'dense', units: 128 },
    { layer: 'relu' },
    { layer: 'dense', units: 96 },
    { layer: 'relu' },
    { layer: 'dense', units: 64 },
    { layer: 'relu' },
    { layer: 'dense', units: 10 },
  ],
  loss: 'softmaxCrossEntropy',
  optimizer: { kind: 'adam' },
  learningRate: { schedule: 'cosine', rate: 0.002, warmup: 50 },
  epochs: 8,
  batch: 64,
  microbatches: 4,
  nodes: 4,
};
