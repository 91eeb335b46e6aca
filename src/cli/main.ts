#!/usr/bin/env node
// The command line: which commands and flags there are. What a command does is loaded when it is run,
// so that help is there at once.

import { setFlagsFromString } from 'node:v8';

import { Command, Option } from 'commander';

import { errorCodes } from '../errors.ts';
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
    'copy all layers to a neighbour every R steps (default: every 15 s)',
    wholeNumber(1),
  )
  .option('--trace <FILE>', 'write a trace of the last steps, for ui.perfetto.dev')
  .option('--device-profile <NAME>', 'model energy as of such devices, e.g. pi-4b')
  .option('--json', 'report in JSON, one object a line')
  .action(async (file, flags) => (await import('./train.ts')).train(file, flags));

withEngineFlags(
  program
    .command('compare')
    .description('train by several architectures on this machine, one after the other, and report')
    .argument('<file>', 'training file: JSON, or a module with a default export')
    .option('-n, --nodes <N>', 'processes of each architecture, servers included', wholeNumber(2))
    .option(
      '--architectures <LIST>',
      'some of ring, parameter-server, all-reduce, single (default: all)',
    )
    .option('--repeat <K>', 'how often, to see the spread', wholeNumber(1), 1)
    .option('--target-accuracy <A>', 'time also to this test accuracy, 0 to 1', positiveNumber)
    .option('--device-profile <NAME>', 'model energy as of such devices, e.g. pi-4b')
    .option('--link <LINK>', 'slow the links between the processes down, e.g. 20mbit,5ms'),
)
  .addOption(
    new Option('-e, --epochs <E>', 'go through the training samples E times').argParser(
      wholeNumber(1),
    ),
  )
  .addOption(
    new Option('-s, --steps <S>', 'train S steps').argParser(wholeNumber(1)).conflicts('epochs'),
  )
  .option('-o, --out <DIR>', 'where the report is kept (default: runs/compare-NAME-TIME)')
  .option('--json', 'print the results in JSON')
  .action(async (file, flags) => (await import('./compare.ts')).compare(file, flags));

withEngineFlags(
  program
    .command('study')
    .description('run an experiment on emulated or real devices, judge its hypothesis and report')
    .argument(
      '<name>',
      'idle, progress, scaling, resilience, capacity, energy, communication, or all of them',
    )
    .option('--devices <LIST>', 'emulate such devices, e.g. 4xpi-4b@20mbit (see ringtmp lab)')
    .option('-w, --workers <N>', 'wait for N real devices instead', wholeNumber(1))
    .option('--listen <HOST:PORT>', 'where to wait for them')
    .option('--repeat <K>', 'how often, to see the spread (default: 3)', wholeNumber(1))
    .option(
      '--data <FILE>',
      "train on this training file's data (default: digits it draws itself)",
    ),
)
  .addOption(new Option('--short', 'in minutes, the default'))
  .addOption(new Option('--full', 'in hours').conflicts(['short', 'tiny']))
  .addOption(new Option('--tiny', 'only to see that it works').conflicts('short'))
  .option(
    '-o, --out <DIR>',
    'where the report is kept, and gone on with (default: runs/study-NAME-TIME)',
  )
  .option('--json', 'print the verdicts in JSON')
  .action(async (name, flags) => (await import('./study.ts')).study(name, flags));

withEngineFlags(
  program
    .command('plan')
    .description(
      'say beforehand what a training would take by each architecture, and which to choose',
    )
    .argument('<file>', 'training file: JSON, or a module with a default export')
    .option('-n, --nodes <N>', 'devices, servers included', wholeNumber(1))
    .option(
      '--link <LINK>',
      'rate and latency of their links: 20mbit, or 54mbit,3ms,shared',
      '100mbit',
    )
    .option('--device <NAME>', 'expect such devices, e.g. pi-4b, instead of ones like this'),
)
  .option('-b, --batch <B>', 'samples of a step', wholeNumber(1))
  .option('-m, --microbatches <M>', 'parts that a batch is split into', wholeNumber(1))
  .option('--json', 'print the plan in JSON')
  .action(async (file, flags) => (await import('./plan.ts')).plan(file, flags));

program
  .command('compared-run', { hidden: true })
  .action(async () => (await import('./compared-process.ts')).serveComparedRun());

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

const lab = program
  .command('lab')
  .description('emulate low-power devices on this machine (Linux, as root)');
lab
  .command('run')
  .description(
    'run a command in the first of some devices; the workers that it starts run in the others',
  )
  .argument('<command...>', 'behind --, as in -- ringtmp train net.json --nodes 4')
  .requiredOption(
    '--devices <LIST>',
    'COUNTxBOARD@..., e.g. 4xpi-4b@20mbit,pi-3b+@wifi (also @512mb, @5ms)',
  )
  .option(
    '--scale <S>',
    'slow motion: processors and links at this share of speed',
    positiveNumber,
    1,
  )
  .action(async (command, flags) => {
    process.exitCode = await (await import('./lab.ts')).runInLab(command, flags);
  });
lab
  .command('clean')
  .description('remove what a lab left behind that was killed (the next run does so too)')
  .action(async () => (await import('./lab.ts')).cleanLab());

program.hook('preAction', (_, command) => {
  isOutputResult = command !== train && command !== join;
});

try {
  await program.parseAsync();
  exit(Number(process.exitCode ?? 0));
} catch (error) {
  exit(tellFailure(error));
}
