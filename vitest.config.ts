import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // The engine runs on a worker thread, which loads its own TypeScript file: tsx teaches Node to.
    pool: 'forks',
    execArgv: ['--import', 'tsx'],
    testTimeout: 30_000,
  },
});
