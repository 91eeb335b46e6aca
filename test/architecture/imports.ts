// The import rules of the source tree as a function over files, so that they can be tried on files
// that do not exist. Imports point up the list of layers, towards `errors`.

import { builtinModules } from 'node:module';
import { posix } from 'node:path';

export interface SourceFile {
  /** Relative to src/: `ring/master.ts`. */
  readonly path: string;
  readonly source: string;
}

/** From the top, which all may import, to the bottom, which nothing may. Tests are not held to it. */
export const layers = [
  'errors.ts',
  'graph',
  'ports.ts',
  'model',
  'plan',
  'protocol',
  'works.ts',
  'node.ts',
  'machine',
  'data-parallel',
  'ring',
  'parameter-server',
  'all-reduce',
  'meter',
  'runtime',
  'simulator',
  'expectation',
  'engine',
  'transport',
  'power',
  'data',
  'checkpoint',
  'lab',
  'study',
  'cli',
  'index.ts',
] as const;

export type Layer = (typeof layers)[number];

/** No input or output, no clock, no randomness: these also run in a browser. */
export const pureLayers: readonly Layer[] = [
  'errors.ts',
  'graph',
  'ports.ts',
  'model',
  'plan',
  'protocol',
  'works.ts',
  'node.ts',
  'machine',
  'data-parallel',
  'ring',
  'parameter-server',
  'all-reduce',
  'meter',
  'simulator',
  'expectation',
];

/** Each implements a port and knows the ports, the types that cross them, and nothing else. */
export const adapters: readonly Layer[] = [
  'engine',
  'transport',
  'power',
  'data',
  'checkpoint',
  'lab',
];

const knownToAdapters: readonly Layer[] = ['errors.ts', 'graph', 'ports.ts', 'model', 'protocol'];

/** Globals that a pure folder does not touch. */
export const impureGlobals = [
  'Date',
  'process',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'crypto',
] as const;

/** Ways to train: nodes that know nothing of each other, so that a comparison measures nothing else. */
const waysToTrain: readonly Layer[] = ['ring', 'parameter-server', 'all-reduce'];

/** The ways that give each worker the whole model: only these know what they have in common. */
const dataParallel: readonly Layer[] = ['data-parallel', 'parameter-server', 'all-reduce'];

/** Interpreters run whatever node they are given, so they know none. */
const interpreters: readonly Layer[] = ['runtime', 'simulator'];

/** What a layer may import, besides itself. */
export function importable(layer: Layer): readonly Layer[] {
  if (adapters.includes(layer)) return knownToAdapters;
  const above = layers.slice(0, layers.indexOf(layer));
  if (![...waysToTrain, ...interpreters].includes(layer)) return above;
  return above.filter(
    (other) =>
      !waysToTrain.includes(other) &&
      !interpreters.includes(other) &&
      (other !== 'data-parallel' || dataParallel.includes(layer)),
  );
}

/** Every breach of the rules, each a line that says where and what. */
export function findBreaches(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined) return [`${file.path} is in no layer: add its folder to the list`];
    const breaches = importsOf(file.source).flatMap((specifier) =>
      importBreach(file.path, layer, specifier),
    );
    if (pureLayers.includes(layer)) breaches.push(...impurities(file));
    return breaches;
  });
}

function importBreach(path: string, layer: Layer, specifier: string): string[] {
  if (!specifier.startsWith('.')) {
    const isBuiltin = specifier.startsWith('node:') || builtinModules.includes(specifier);
    return isBuiltin && pureLayers.includes(layer)
      ? [`${path} imports ${specifier}, but ${layer} is pure`]
      : [];
  }
  if (!specifier.endsWith('.ts')) return [`${path} imports ${specifier}: spell it with .ts`];
  const target = posix.join(posix.dirname(path), specifier);
  const wanted = layerOf(target);
  if (wanted === layer || (wanted && importable(layer).includes(wanted))) return [];
  return [
    `${path} imports ${target}, but ${layer} may not know ${wanted ?? 'what is outside src'}`,
  ];
}

function impurities({ path, source }: SourceFile): string[] {
  const code = withoutTextAndComments(source);
  const found = impureGlobals.filter((name) =>
    new RegExp(String.raw`(?<![.\w$])${name}\b(?!\s*:)`).test(code),
  );
  const random = /\bMath\s*\.\s*random\b/.test(code) ? ['Math.random'] : [];
  return [...found, ...random].map((name) => `${path} uses ${name}, but its folder is pure`);
}

function layerOf(path: string): Layer | undefined {
  const [first] = path.split('/');
  return layers.find((layer) => layer === first);
}

/** The specifiers of static and dynamic imports and of re-exports. */
function importsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const matches = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]/g);
  return [...matches].map(([, specifier]) => specifier!);
}

const withoutTextAndComments = (source: string): string =>
  source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/gm, ' ');
