// What is published: the package holds what it says and no more, and its lock file is anybody's.

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readJson = (path: string): unknown => JSON.parse(readFileSync(`${root}/${path}`, 'utf8'));

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

describe('the packed package', () => {
  let paths: string[] = [];

  beforeAll(() => {
    const pack = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const output = execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
    const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }];
    paths = files.map(({ path }) => path);
  });

  test('holds what is needed to run it', () => {
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'package.json',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/cli/main.js',
        'dist/engine/kernels.wasm',
        'dist/engine/kernels-shared.wasm',
        'dist/engine/thread.js',
        'dist/training.schema.json',
        'examples/README.md',
      ]),
    );
  });

  test('holds nothing else', () => {
    const allowed = /^(dist\/|examples\/|README\.md$|LICENSE$|package\.json$)/;
    const unwanted = /\.(test|compliance)\.|\.tsx?$(?<!\.d\.ts)|\.map$|\.(gz|idx|safetensors)$/;
    expect(paths.filter((path) => !allowed.test(path) || unwanted.test(path))).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('its command can be executed', () => {
    expect(statSync(`${root}/dist/cli/main.js`).mode & 0o111).not.toBe(0);
    expect(readFileSync(`${root}/dist/cli/main.js`, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('package.json', () => {
  const manifest = readJson('package.json') as Manifest;

  test('runs nothing where the package is installed: building is for the repository', () => {
    const names = Object.keys(manifest.scripts);
    expect(names).toContain('prepare');
    for (const name of ['preinstall', 'install', 'postinstall']) expect(names).not.toContain(name);
  });

  test('and the lock file are in step, with nobody’s own registry in it', () => {
    const lock = readJson('package-lock.json') as {
      packages: Readonly<Record<string, Partial<Manifest> & { resolved?: string }>>;
    };
    const { dependencies, optionalDependencies, devDependencies } = manifest;
    expect(lock.packages['']).toMatchObject({
      dependencies,
      optionalDependencies,
      devDependencies,
    });
    const addresses = Object.values(lock.packages).flatMap(({ resolved }) => resolved ?? []);
    const foreign = addresses.filter((at) => !at.startsWith('https://registry.npmjs.org/'));
    expect(foreign).toEqual([]);
  });
});
