// The commands of who wants to know rather than to train: compare ways to train, foresee them, study them, and
// emulate devices to do so on.

import { Option } from 'commander';
import type { Command } from 'commander';

import { positiveNumber, share, wholeNumber, withEngineFlags } from './flags.ts';

export function addExperiments(program: Command): void {
  withEngineFlags(
    program
      .command('compare')
      .description(
        'train by several architectures on this machine, one after the other, and report',
      )
      .argument('<file>', 'training file: JSON, or a module with a default export')
      .option('-n, --nodes <N>', 'processes of each architecture, servers included', wholeNumber(2))
      .option(
        '--architectures <LIST>',
        'some of ring, parameter-server, all-reduce, single (default: all)',
      )
      .option('--repeat <K>', 'how often, to see the spread', wholeNumber(1), 1)
      .option('--target-accuracy <A>', 'time also to this test accuracy, 0 to 1', share)
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
}
