// Builds dist/: the kernels (AssemblyScript to WebAssembly, once for shared and once for unshared
// memory), the library and command line (plain tsc), and the JSON schema of the training file.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const bin = (name, ...args) =>
  execFileSync('node', [`node_modules/${name}`, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });

const kernels = 'src/engine/kernels/index.ts';
const common = [
  kernels,
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--enable',
  'simd',
  '--importMemory',
];
bin('assemblyscript/bin/asc.js', ...common, '-o', 'src/engine/kernels.wasm');
const shared = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];
bin('assemblyscript/bin/asc.js', ...common, ...shared, '-o', 'src/engine/kernels-shared.wasm');

rmSync('dist', { recursive: true, force: true });
bin('typescript/bin/tsc', '-p', 'tsconfig.build.json');
mkdirSync('dist/engine', { recursive: true });
for (const name of ['kernels.wasm', 'kernels-shared.wasm'])
  copyFileSync(`src/engine/${name}`, `dist/engine/${name}`);
if (existsSync('dist/model/training.js')) {
  const { trainingJsonSchema } = await import('../dist/model/training.js');
  writeFileSync('dist/training.schema.json', `${JSON.stringify(trainingJsonSchema(), null, 2)}\n`);
}
if (existsSync('dist/cli/main.js')) chmodSync('dist/cli/main.js', 0o755);
