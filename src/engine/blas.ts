// Matrix products by the system's BLAS, called through koffi (an optional dependency) on the engine's
// own memory: a WebAssembly memory is ordinary memory at a fixed address.

import { RingError } from '../errors.ts';
import type { Kernel } from './kernels.ts';

export interface Blas {
  /** `OpenBLAS 0.3.21 SkylakeX` */
  readonly name: string;
  /** The product on `memory`, which must be shared (its address never changes). */
  gemm(memory: WebAssembly.Memory): Kernel;
}

const libraries: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['libopenblas.so.0', 'libopenblas.so'],
  darwin: [
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    'libopenblas.dylib',
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
  ],
  win32: ['libopenblas.dll', 'openblas.dll'],
};

const advice: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'apt install libopenblas0-pthread',
  darwin: 'brew install openblas',
};

const rowMajor = 101;
const transpose = (flag: number | undefined): number => (flag === 1 ? 112 : 111);

/** Opens the first library there is, to compute on the calling thread. Errors: ENGINE with what was looked for. */
export async function openBlas(): Promise<Blas> {
  const names = libraries[process.platform] ?? libraries.linux ?? [];
  const koffi = await import('koffi').then(
    (module) => module.default,
    (error: unknown) => {
      throw new RingError(
        'ENGINE',
        'the engine blas needs the package koffi, which is not installed: `npm install koffi`, or use the engine wasm',
        { cause: error },
      );
    },
  );
  const load = (name: string) => {
    try {
      return koffi.load(name);
    } catch {
      return undefined;
    }
  };
  const library = names.map(load).find((found) => found !== undefined);
  if (!library) {
    const install = advice[process.platform] ?? 'install OpenBLAS';
    throw new RingError(
      'ENGINE',
      `no BLAS was found (looked for ${names.join(', ')}): ${install}, or use the engine wasm`,
    );
  }
  const sgemm = library.func(
    'void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, ' +
      'uintptr_t a, int lda, uintptr_t b, int ldb, float beta, uintptr_t c, int ldc)',
  );
  const optional = (declaration: string): ((...operands: unknown[]) => unknown) | undefined => {
    try {
      return library.func(declaration);
    } catch {
      return undefined;
    }
  };
  optional('void openblas_set_num_threads(int count)')?.(1);
  const config = optional('const char *openblas_get_config()')?.();
  const core = optional('const char *openblas_get_corename()')?.();
  const version = typeof config === 'string' ? /OpenBLAS [\d.]+/.exec(config)?.[0] : undefined;
  return {
    name: version ? `${version} ${String(core)}` : 'Accelerate',
    gemm: (memory) => {
      const start = Number(koffi.address(new Uint8Array(memory.buffer, 0, 1)));
      // Unsigned: addresses beyond 2 GiB.
      const at = (address: number | undefined): number => start + ((address ?? 0) >>> 0);
      return (transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) => {
        const transposes = [transpose(transA), transpose(transB)];
        sgemm(rowMajor, ...transposes, m, n, k, alpha, at(a), lda, at(b), ldb, beta, at(c), ldc);
      };
    },
  };
}
