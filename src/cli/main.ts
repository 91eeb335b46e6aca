#!/usr/bin/env node
// The command line: which commands and flags there are. What a command does is loaded when it is run,
// so that help is there at once.

import { setFlagsFromString } from 'node:v8';

import { Command, Option } from 'commander';

import { errorCodes } from '../errors.ts';
import { addExperiments } from './experiments.ts';
import { tellFailure, usageLine } from './fail.ts';
import {
  positiveNumber,
  wholeNumber,
  withEngineFlags,
  withReplicasFlag,
  withRingFlags,
} from './flags.ts';
import { version } from './version.ts';

// What a node makes besides tensors is little and soon forgotten: a small young generation keeps the
// process small, which counts on a device of 512 MB.
setFlagsFromString('--max-semi-space-size=1');
setFlagsFromString('--semi-space-growth-factor=1');

/** Ends the process when what was written has left. */
const exit = (code: number): void => {
  process.stdout.write('', () => process.exit(code));
};

// Whoever read our output has read enough, where it is the result; what is only told of work whose
// result lies elsewhere need not be read by anyone.
let isOutputResult = true;
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (isOutputResult) process.exit(code === 'EPIPE' ? 0 : errorCodes.STORE.exit);
});
process.stderr.on('error', () => {});
for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => exit(tellFailure(error)));

const program = new Command('ringtmp')
  .description(
    'Train a deep network over several devices in a ring: each holds some layers, none needs to hold the model.',
  )
  .version(version)
  .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  .exitOverride();

const train = program
  .command('train')
  .description('train a model; without a file, on digits of its own making, over 4 processes')
  .argument('[file]', 'training file: JSON, or a module with a default export');
withReplicasFlag(withEngineFlags(withRingFlags(train)))
  .addOption(
    new Option(
      '--architecture <kind>',
      'how the nodes train together: each with some of the layers, or all with the whole model',
    ).choices(['ring', 'parameter-server', 'all-reduce']),
  )
  .option(
    '--consistency <kind>',
    'with a parameter server: bsp, async, or ssp:S with workers at most S steps apart (default: bsp)',
  )
  .option(
    '--servers <K>',
    'with a parameter server: how many of the nodes are servers (default: 1), or colocated',
  )
  .option('-e, --epochs <E>', 'go through the training samples E times', wholeNumber(1))
  .addOption(
    new Option('-s, --steps <S>', 'train S steps').argParser(wholeNumber(1)).conflicts('epochs'),
  )
  .option('-b, --batch <B>', 'samples of a step', wholeNumber(1))
  .option('-m, --microbatches <M>', 'parts that a batch is split into', wholeNumber(1))
  .option('--seed <K>', 'where all randomness comes from', wholeNumber(0))
  .option('--learning-rate <R>', 'the learning rate, or the highest of a schedule', positiveNumber)
  .option('-o, --out <DIR>', 'where the run is kept (default: runs/NAME-TIME)')
  .option(
    '--resume <RUN>',
    'go on with a run that was left, from its folder; --nodes or --workers may be others',
  )
  .option(
    '--replicate-every <R>',
    'copy all layers to a neighbour every R steps (default: every 20 s)',
    wholeNumber(1),
  )
  .option('--trace <FILE>', 'write a trace of the last steps, for ui.perfetto.dev')
  .option('--device-profile <NAME>', 'model energy as of such devices, e.g. pi-4b')
  .option('--json', 'report in JSON, one object a line')
  .action(async (file, flags) => (await import('./train.ts')).train(file, flags));

const join = program
  .command('join')
  .description("become a worker of another device's ring")
  .argument('[invitation]', 'HOST:PORT#SECRET, as the master prints it (or $RINGTMP_INVITATION)');
withReplicasFlag(withEngineFlags(join))
  .option(
    '--wait <SECONDS>',
    'when the master is gone, knock again for so long (default: 60)',
    wholeNumber(0),
  )
  .option('-q, --quiet', 'say nothing unless something is wrong')
  .addOption(new Option('--link <LINK>', "slow this worker's links down").hideHelp())
  .action(async (invitation, flags) => (await import('./join.ts')).join(invitation, flags));

const evaluate = program
  .command('evaluate')
  .description('measure loss and accuracy of a trained model')
  .argument('<run>', 'the folder of a run')
  .option(
    '-d, --data <FILE>',
    "a CSV or IDX file, as the run was trained on (default: the run's own test samples)",
  )
  .option('--labels <FILE>', 'the labels that belong to an IDX file of images');
withEngineFlags(withRingFlags(evaluate))
  .option('--json', 'print the result in JSON')
  .action(async (run, flags) => (await import('./evaluate.ts')).evaluate(run, flags));

const predict = program
  .command('predict')
  .description('print what a trained model makes of samples, a line each')
  .argument('<run>', 'the folder of a run')
  .requiredOption('-d, --data <FILE>', 'a CSV or IDX file, as the run was trained on')
  .option('-o, --out <FILE>', 'write to a file instead')
  .addOption(
    new Option('--format <format>', 'how a line is written')
      .choices(['csv', 'jsonl'])
      .default('csv'),
  );
withEngineFlags(withRingFlags(predict)).action(async (run, flags) =>
  (await import('./predict.ts')).predict(run, flags),
);

program
  .command('inspect')
  .description('show what a run is and how it went')
  .argument('<run>', 'the folder of a run')
  .option('--json', 'print it in JSON')
  .action(async (run, flags) => (await import('./inspect.ts')).inspect(run, flags));

addExperiments(program);

program.hook('preAction', (_, command) => {
  isOutputResult = command !== train && command !== join;
});

try {
  await program.parseAsync();
  exit(Number(process.exitCode ?? 0));
} catch (error) {
  exit(tellFailure(error));
}
