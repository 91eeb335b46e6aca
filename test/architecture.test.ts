// Holds the source tree to its own rules: who may import whom, what is pure, how long a file may be.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { errorCodes } from '../src/errors.ts';
import { findBreaches } from './architecture/imports.ts';
import type { SourceFile } from './architecture/imports.ts';
import { lintOverrides } from './architecture/lint-rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

const files: SourceFile[] = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.startsWith('engine/kernels/'))
  .map((path) => ({ path, source: read(`src/${path}`) }));

const product = files.filter(({ path }) => !/\.(test|compliance|d)\.ts$/.test(path));

describe('imports', () => {
  test('point up the list of layers, and pure folders are pure', () => {
    expect(product.length).toBeGreaterThan(100);
    expect(findBreaches(product)).toEqual([]);
  });

  test.each([
    ['graph/x.ts', "import { Master } from '../ring/master.ts';", 'may not know ring'],
    ['graph/a/x.ts', "export * from '../../model/schema.ts';", 'may not know model'],
    ['ring/x.ts', "import type { Engine } from '../engine/client.ts';", 'may not know engine'],
    ['engine/x.ts', "import { masterId } from '../node.ts';", 'may not know node.ts'],
    ['engine/x.ts', "import { openData } from '../data/index.ts';", 'may not know data'],
    ['data/x.ts', "const { cut } = await import('../plan/cutter.ts');", 'may not know plan'],
    ['checkpoint/x.ts', "import { a } from '../runtime/runner.ts';", 'may not know runtime'],
    ['runtime/x.ts', "import { a } from '../cli/version.ts';", 'may not know cli'],
    ['ring/x.ts', "import { a } from '../parameter-server/server.ts';", 'may not know parameter'],
    ['parameter-server/x.ts', "import { a } from '../ring/finish.ts';", 'may not know ring'],
    ['all-reduce/x.ts', "import { a } from '../ring/exchange.ts';", 'may not know ring'],
    ['ring/x.ts', "import { a } from '../data-parallel/share.ts';", 'may not know data-parallel'],
    ['runtime/x.ts', "import { Worker } from '../ring/worker.ts';", 'may not know ring'],
    ['simulator/x.ts', "import { a } from '../runtime/runner.ts';", 'may not know runtime'],
    ['model/x.ts', "import { a } from '../../test/golden.ts';", 'may not know what is'],
    ['elsewhere/x.ts', '', 'is in no layer'],
    ['ring/x.ts', "import { readFileSync } from 'node:fs';", 'is pure'],
    ['plan/x.ts', "import { cpus } from 'os';", 'is pure'],
    ['cli/x.ts', "import { a } from './train.js';", 'spell it with .ts'],
    ['cli/x.ts', "import './train';", 'spell it with .ts'],
    ['simulator/x.ts', 'const at = Date.now();', 'uses Date'],
    ['graph/x.ts', 'const r = Math.random();', 'uses Math.random'],
    ['ring/x.ts', 'setTimeout(() => undefined, 5);', 'uses setTimeout'],
    ['model/x.ts', 'if (process.env) {}', 'uses process'],
  ])('a planted breach is found: %s: %s', (path, source, message) => {
    expect(findBreaches([{ path, source }])).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['graph/x.ts', "// import '../ring/master.ts'; no Date, no Math.random\nconst a = 'Date';"],
    ['cli/x.ts', "import { a } from '../ring/master.ts'; import { cpus } from 'node:os';"],
    ['data/x.ts', "import type { Training } from '../model/training.ts';"],
  ])('what is allowed is not: %s', (path, source) => {
    expect(findBreaches([{ path, source }])).toEqual([]);
  });

  test('lint holds the same direction, for whoever has an editor open', () => {
    const { overrides } = JSON.parse(read('.oxlintrc.json')) as { overrides: unknown[] };
    expect(overrides).toEqual(expect.arrayContaining([...lintOverrides()]));
  });
});

describe('files', () => {
  const longest = 230;
  // One state machine, which would not be clearer in two files.
  const mayBeLonger: Readonly<Record<string, number>> = {
    'ring/ring.ts': 250,
  };

  test('are short enough to be read at once', () => {
    const long = product
      .map(({ path, source }) => ({ path, lines: source.trimEnd().split('\n').length }))
      .filter(({ path, lines }) => lines > (mayBeLonger[path] ?? longest));
    expect(long).toEqual([]);
  });

  test('say at their head why they exist', () => {
    const silent = product.filter(
      ({ source }) => !/^(\/\/|\/\*|#!.*\n\/\/)/.test(source) && !saysWhy(source),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });
});

/** A file of one small definition may say it in the docstring of that definition. */
const saysWhy = (source: string): boolean => /^(import .*\n|\n)*\/\*\*/.test(source);

describe('errors', () => {
  const codes = Object.keys(errorCodes);

  test('every code is raised somewhere', () => {
    const sources = product.filter(({ path }) => path !== 'errors.ts').map(({ source }) => source);
    const unused = codes.filter((code) => !sources.some((source) => source.includes(`'${code}'`)));
    expect(unused).toEqual([]);
  });
});
