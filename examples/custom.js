// A training file may be a module: whatever can be computed can be trained. This one makes a network
// of any depth, with dropout before each wide layer.

const depth = 8;

const block = (units) => [
  { layer: 'dense', units },
  { layer: 'gelu' },
  { layer: 'dropout', ratio: 0.1 },
];

export default {
  name: `digits-${depth}-deep`,
  data: { kind: 'digits', train: 6000, test: 2000 },
  model: [
    { layer: 'flatten' },
    ...Array.from({ length: depth - 1 }, (_, k) => block(Math.max(48, 256 >> k))).flat(),
    { layer: 'dense', units: 10 },
  ],
  loss: 'softmaxCrossEntropy',
  optimizer: { kind: 'adamw', weightDecay: 0.01 },
  learningRate: { schedule: 'cosine', rate: 0.002, warmup: 100 },
  clipNorm: 1,
  epochs: 8,
  batch: 64,
  nodes: 4,
};
