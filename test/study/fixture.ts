// A comparison that could have been: its figures are folded by the meter from simulated timelines, so
// that they agree with each other, and its losses follow one curve at equal samples.

import { Meter } from '../../src/meter/fold.ts';
import type { Entry } from '../../src/meter/timeline.ts';
import { modelEnergy } from '../../src/power/model.ts';
import { deviceProfile } from '../../src/power/profiles.ts';
import type { Architecture, Comparison, NodeResult, Run } from '../../src/study/results.ts';
import {
  allReduceTimelines,
  colocatedTimelines,
  ringTimelines,
  serverTimelines,
  singleTimelines,
} from './timelines.ts';
import type { Load, Timelines } from './timelines.ts';

const globalBatch = 64;
const stepsOfRun = 400;
const targetAccuracy = 0.95;
const pi = deviceProfile('pi-4b');

const load: Load = {
  nodes: 4,
  microbatches: 8,
  steps: 9,
  computeSeconds: 0.011,
  updateSeconds: 0.006,
  activationBytes: 8 * 512 * 4,
  parameterBytes: 670_000,
  latencySeconds: 0.0005,
  bytesPerSecond: 12.5e6,
};

/** Repeatable noise between -1 and 1. */
const noise = (place: number): number => {
  const sine = Math.sin(place * 12.9898) * 43758.5453;
  return 2 * (sine - Math.floor(sine)) - 1;
};

const lossAt = (step: number): number =>
  (2.2 * Math.exp(-step / 60) + 0.14 + 0.1 * Math.exp(-step / 300)) * (1 + 0.06 * noise(step));
const accuracyAt = (step: number): number => 0.974 - 0.87 * Math.exp(-step / 75);

const roleOf = (node: string, architecture: Architecture): string => {
  if (node.startsWith('server')) return 'server';
  if (node === 'master') return 'master';
  return architecture === 'parameter-server-colocated' ? 'worker and server' : 'worker';
};

function nodeResult(
  node: string,
  entries: readonly Entry[],
  architecture: Architecture,
  scale: number,
): NodeResult {
  const meter = new Meter();
  for (const entry of entries) meter.add(entry);
  const { figures } = meter;
  const whole = architecture === 'ring' ? 1 / (load.nodes + (node === 'master' ? 0 : 0.5)) : 1;
  const tensorBytes = Math.round(whole * (3 * load.parameterBytes + 9.5e6));
  const busy = figures.wallSeconds * (1 - figures.idleShare);
  const bytes = Object.values(figures.bytesByLink).reduce((sum, value) => sum + value, 0);
  const activity = {
    seconds: figures.wallSeconds * scale,
    utilisation: busy / figures.wallSeconds / pi.cores,
    bytes: bytes * scale,
  };
  const commits = entries.flatMap((entry) => (entry.type === 'commit' ? [entry.at] : []));
  const [from, to] = [commits[3]!, commits[6]!];
  const steady = entries.filter((entry) => {
    const at = 'start' in entry ? entry.start : entry.at;
    return at >= from && at <= to;
  });
  return {
    node,
    role: roleOf(node, architecture),
    figures,
    peakMemoryBytes: 61e6 + tensorBytes,
    tensorBytes,
    cpuSeconds: busy * scale * 1.06,
    energy: modelEnergy(pi, [activity]),
    timeline: {
      node,
      entries: steady,
      offsetSeconds: 0,
      errorSeconds: node === 'master' ? 0 : 2e-4,
    },
  };
}

function runOf(architecture: Architecture, repeat: number, timelines: Timelines, of: Load): Run {
  const commits = [...timelines.values()][0]!.flatMap((entry) =>
    entry.type === 'commit' ? [entry.at] : [],
  );
  const secondsPerStep = (commits.at(-1)! - commits[0]!) / (commits.length - 1);
  const seconds = stepsOfRun * secondsPerStep;
  const scale = stepsOfRun / (of.steps - 1);
  const nodes = [...timelines].map(([node, entries]) =>
    nodeResult(node, entries, architecture, scale),
  );
  const samples = stepsOfRun * globalBatch;
  const sent = nodes.flatMap(({ figures }) => Object.values(figures.sent));
  const bytes = scale * sent.reduce((sum, traffic) => sum + traffic.bytes, 0);
  const joules = nodes.reduce((sum, { energy }) => sum + energy!.total, 0);
  const steps = Array.from({ length: stepsOfRun }, (_, index) => index + 1);
  const reached = steps.find((step) => accuracyAt(step) >= targetAccuracy);
  const ships = architecture !== 'ring' && architecture !== 'single';
  const rounding = 1 + (architecture === 'ring' || architecture === 'single' ? 0 : 2e-4);
  return {
    architecture,
    ...(architecture.startsWith('parameter-server') && { consistency: 'bsp' }),
    repeat,
    seconds,
    ...(reached !== undefined && { secondsToTarget: reached * secondsPerStep }),
    samplesPerSecond: samples / seconds,
    bytesPerSample: bytes / samples,
    joulesPerSample: joules / samples,
    finalLoss: lossAt(stepsOfRun) * rounding,
    accuracy: accuracyAt(stepsOfRun),
    steps: steps.map((step) => ({
      step,
      samples: step * globalBatch,
      seconds: step * secondsPerStep * (1 + 0.004 * noise(step + repeat)),
      loss: lossAt(step) * (1 + (rounding - 1) * noise(step + 7)),
    })),
    ...(ships && { shipped: { bytes: 35_250_000, seconds: 3.1 } }),
    nodes,
  };
}

/** Three repeats of five architectures on four Raspberry Pis that never were. */
export async function exampleComparison(repeats = 3): Promise<Comparison> {
  const runs: Run[] = [];
  for (let repeat = 1; repeat <= repeats; repeat += 1) {
    const of = { ...load, computeSeconds: load.computeSeconds * (1 + 0.015 * noise(repeat)) };
    runs.push(
      runOf('ring', repeat, await ringTimelines(of), of),
      runOf('parameter-server', repeat, serverTimelines(of), of),
      runOf('parameter-server-colocated', repeat, colocatedTimelines(of), of),
      runOf('all-reduce', repeat, allReduceTimelines(of), of),
      runOf('single', repeat, singleTimelines(of), of),
    );
  }
  return {
    title: 'Handwritten digits on four devices',
    settings: {
      nodes: load.nodes,
      globalBatch,
      samples: stepsOfRun * globalBatch,
      seed: 1,
      targetAccuracy,
      link: '100 Mbit/s, 0.5 ms',
      training: {
        model: '784-512-256-128-10, dense',
        parameters: '167,562',
        data: 'MNIST, 60,000 samples',
        optimizer: 'SGD, learning rate 0.1',
        microbatches: '8 of 8 samples',
      },
    },
    machine: {
      cpu: 'Cortex-A72',
      cores: 4,
      memoryBytes: 4e9,
      os: 'Linux 6.6 (arm64)',
      node: 'v20.20.2',
      engine: 'wasm (SIMD)',
    },
    started: '2026-03-05T09:00:00.000Z',
    runs,
  };
}
