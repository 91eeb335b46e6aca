import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  childrenOf,
  failure,
  inFolder,
  invitationOf,
  outcome,
  start,
  survivorsOf,
  writeTraining,
} from './command.ts';
import type { Running } from './command.ts';

const linux = process.platform === 'linux';

const long = { epochs: 100_000 };

const lastLine = (stdout: string): unknown => JSON.parse(stdout.trim().split('\n').at(-1)!);

const partialFiles = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith('.partial'));

/** A ring of three local processes in training, one of which does nothing any more but is still there. */
async function stoppedRing(out: string): Promise<{ training: Running; workers: number[] }> {
  const file = writeTraining('stopped-ring.json', { ...long, nodes: 3 });
  const training = start('train', file, '--json', '--out', out);
  await training.said(/"type":"saved"/);
  const workers = childrenOf(training.child);
  process.kill(workers[0]!, 'SIGSTOP');
  return { training, workers };
}

test.runIf(linux)('a second Ctrl-C waits for nobody and leaves nothing behind', async () => {
  const out = inFolder('impatient');
  const { training, workers } = await stoppedRing(out);
  training.child.kill('SIGINT');
  await training.said(/"type":"stopping"/);
  training.child.kill('SIGINT');
  const ended = await training.ended;
  expect(outcome(ended)).toEqual(failure(130, /stopped after step \d+; step \d+ is saved in/));
  expect(lastLine(ended.stdout)).toEqual({
    type: 'end',
    isComplete: false,
    code: 'INTERRUPTED',
    message: expect.stringMatching(/^stopped after step/),
  });
  expect(await survivorsOf(workers)).toEqual([]);
  expect(partialFiles(out)).toEqual([]);
});

test.runIf(linux)(
  'a worker that falls silent is named and done without, and taken along in the end',
  { timeout: 60_000 },
  async () => {
    const { training, workers } = await stoppedRing(inFolder('silent'));
    await training.said(/"type":"lost","node":"worker-\d".*silent[^]*"type":"reformed"/);
    training.child.kill('SIGINT');
    expect(outcome(await training.ended)).toEqual(failure(130, /step \d+ is saved/));
    expect(await survivorsOf(workers)).toEqual([]);
  },
);

test.runIf(linux)('a local worker that is killed before it could join ends the run', async () => {
  const file = writeTraining('unborn.json', { ...long, nodes: 2 });
  const training = start('train', file, '--json', '--out', inFolder('unborn'));
  await training.said(/"type":"engine"/);
  const [worker] = childrenOf(training.child);
  process.kill(worker!, 'SIGKILL');
  const ended = await training.ended;
  expect(outcome(ended)).toEqual(failure(5, /a local worker ended: killed \(SIGKILL\)/));
});

test.runIf(linux)(
  'a master that is killed while its ring forms leaves no worker behind',
  async () => {
    const file = writeTraining('unformed.json', { ...long, nodes: 3 });
    for (const said of [/"type":"engine"/, /"type":"joined"/, /"type":"ring"/]) {
      const training = start('train', file, '--json', '--out', inFolder('unformed'));
      await training.said(said);
      const workers = childrenOf(training.child);
      training.child.kill('SIGKILL');
      await training.ended;
      expect(await survivorsOf(workers)).toEqual([]);
    }
  },
);

test('a worker ends when its master is killed before the ring is formed', async () => {
  const file = writeTraining('lonely.json', long);
  const listen = ['--workers', '2', '--listen', '127.0.0.1:0', '--json'];
  const master = start('train', file, ...listen, '--out', inFolder('lonely'));
  const worker = start('join', await invitationOf(master), '--engine', 'wasm');
  await master.said(/"type":"joined"/);
  master.child.kill('SIGKILL');
  expect(outcome(await worker.ended)).toEqual(failure(5, /the master is gone/));
});

test.each([['for a person'], ['--json']])(
  'a training goes on when nobody reads it (%s)',
  async (how) => {
    const out = inFolder(`unread ${how}`);
    const file = writeTraining('unread.json', { epochs: 200 });
    const training = start('train', file, '--out', out, ...(how === '--json' ? [how] : []));
    await training.said(/\n/);
    training.child.stdout!.destroy();
    training.child.stderr!.destroy();
    expect(await training.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(out, 'model.safetensors'))).toBe(true);
    const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(lastLine(metrics.at(-1)!)).toMatchObject({ step: 200 * 6 });
  },
);

test.runIf(linux)(
  'a parameter server goes on without a local worker, whichever it is',
  async () => {
    const file = writeTraining('spared.json', { ...long, nodes: 4 });
    const flags = ['--architecture', 'parameter-server', '--json', '--out', inFolder('spared')];
    const training = start('train', file, ...flags);
    await training.said(/"type":"step","step":9,/);
    process.kill(childrenOf(training.child)[0]!, 'SIGKILL');
    // A worker is dropped; the server's part another takes over. Which it is follows from the order in which they joined.
    await training.said(/"type":"(?:dropped|lost)"[^]*"type":"step","step":300,/);
    training.child.kill('SIGINT');
    const { stderr } = await training.ended;
    expect(stderr).not.toContain('a local worker ended');
  },
);
