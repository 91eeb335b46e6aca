// Finds the compiled kernels beside this file, in src/ as in dist/.

import { readFile } from 'node:fs/promises';
import { RingError } from '../errors.ts';

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** The compiled kernels for shared or unshared memory. Errors: ENGINE when they were not built. */
export function loadKernelModule(shared: boolean): Promise<WebAssembly.Module> {
  const name = shared ? 'kernels-shared.wasm' : 'kernels.wasm';
  const known = modules.get(name) ?? compile(name);
  modules.set(name, known);
  return known;
}

async function compile(name: string): Promise<WebAssembly.Module> {
  const url = new URL(name, import.meta.url);
  const bytes = await readFile(url).catch((error: unknown) => {
    throw new RingError('ENGINE', `${url.pathname} cannot be read: run \`npm run build\``, {
      cause: error,
    });
  });
  return WebAssembly.compile(bytes);
}
