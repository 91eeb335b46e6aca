import { defineConfig } from 'vitest/config';

/** They start whole programs and mostly wait for them, or replace a module. */
const apart = ['test/cli/**/*.test.ts', 'test/package.test.ts', 'src/model/streams.test.ts'];
/** They measure time, or take the cores of emulated devices: nothing else runs beside them. */
const alone = [
  'test/cli/lab.test.ts',
  'test/cli/study.test.ts',
  'test/expectation/expectation.test.ts',
];

const common = {
  // The engine runs on a worker thread, which loads its own TypeScript file: tsx teaches Node to.
  pool: 'forks' as const,
  execArgv: ['--import', 'tsx'],
  testTimeout: 30_000,
};

// In three groups, one after the other.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...apart, ...alone],
          // Many files in one process: to start one for each would take longer than the tests.
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'apart',
          include: apart,
          exclude: alone,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'alone',
          include: alone,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
