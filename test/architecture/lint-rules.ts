// The import rules as .oxlintrc.json has to say them, so that an editor shows a breach while it is
// being typed. `node --import tsx test/architecture/lint-rules.ts` prints them.

import { fileURLToPath } from 'node:url';

import { importable, impureGlobals, layers, pureLayers } from './imports.ts';
import type { Layer } from './imports.ts';

/** The overrides: one for each layer, and tests are free. */
export const lintOverrides = (): readonly unknown[] => [
  ...layers.filter((layer) => layer !== 'index.ts').map(lintRules),
  {
    files: ['src/**/*.test.ts', 'src/**/*.compliance.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-globals': 'off' },
  },
];

function lintRules(layer: Layer): unknown {
  const isFile = layer.endsWith('.ts');
  const forbidden = layers
    .filter(
      (other) => other !== layer && other !== 'index.ts' && !importable(layer).includes(other),
    )
    .map((name) => (name.endsWith('.ts') ? name.replace('.', String.raw`\.`) : `${name}/`));
  const isPure = pureLayers.includes(layer);
  const up = isFile ? String.raw`\./` : String.raw`(\.\./)+`;
  const patterns = [
    ...(forbidden.length > 0 ? [direction(`^${up}(${forbidden.join('|')})`)] : []),
    ...(isPure ? [{ regex: '^node:', message: 'This is pure: it runs in a browser too.' }] : []),
  ];
  return {
    files: [isFile ? `src/${layer}` : `src/${layer}/**`],
    rules: {
      ...(patterns.length > 0 && { 'no-restricted-imports': ['error', { patterns }] }),
      ...(isPure && { 'no-restricted-globals': ['error', ...impureGlobals] }),
    },
  };
}

const direction = (regex: string): { regex: string; message: string } => ({
  regex,
  message: 'Imports point towards errors.ts: see ARCHITECTURE.md.',
});

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(lintOverrides(), null, 2)}\n`);
