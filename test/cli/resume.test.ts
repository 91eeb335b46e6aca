import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  childrenOf,
  failure,
  inFolder,
  modelOf,
  outcome,
  run,
  start,
  survivorsOf,
  writeTraining,
} from './command.ts';

const linux = process.platform === 'linux';

const changes = { epochs: 12 };

beforeAll(async () => {
  const file = writeTraining('whole.json', changes);
  await run('train', file, '--nodes', '3', '--out', inFolder('whole'));
});

const stepsOf = (folder: string): unknown[] =>
  readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { samplesPerSecond: _, ...told } = JSON.parse(line) as Record<string, unknown>;
      return told;
    });

/** Kills a master in mid-training; its workers end by themselves. */
async function killed(name: string, ...flags: string[]): Promise<string> {
  const file = writeTraining('killed.json', changes);
  const training = start('train', file, ...flags, '--json', '--out', inFolder(name));
  await training.said(/"type":"saved"[^]*"type":"step"/);
  const workers = childrenOf(training.child);
  training.child.kill('SIGKILL');
  await training.ended;
  expect(await survivorsOf(workers)).toEqual([]);
  return inFolder(name);
}

test.runIf(linux).each([['3'], ['1'], ['2']])(
  'a master that was killed is taken up over %s nodes: same model, and nothing told twice',
  async (nodes) => {
    const folder = await killed(`on ${nodes}`, '--nodes', '3');
    const resumed = await run('train', '--resume', folder, '--nodes', nodes, '--json');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(resumed.stdout).toMatch(/^\{"type":"resume"/);
    expect(modelOf(folder)).toBe(modelOf(inFolder('whole')));
    expect(stepsOf(folder)).toEqual(stepsOf(inFolder('whole')));
    expect(readdirSync(folder).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'metrics.jsonl',
      'model.safetensors',
      'state.safetensors',
      'training.json',
    ]);
  },
);

test('a run that its user stopped goes on', async () => {
  const folder = inFolder('stopped');
  const file = writeTraining('stopped.json', changes);
  const training = start('train', file, '--json', '--out', folder);
  await training.said(/"type":"step","step":9,/);
  training.child.kill('SIGINT');
  const { stderr } = await training.ended;
  expect(stderr).toContain(`go on with ringtmp train --resume ${folder}`);
  const resumed = await run('train', '--resume', folder);
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stdout).toMatch(/is taken up again: \d+ of 72 steps were done, and there is a/);
  expect(modelOf(folder)).toBe(modelOf(inFolder('whole')));
});

test('a run that is complete, or still being written, is not taken up', async () => {
  const whole = inFolder('whole');
  expect(outcome(await run('train', '--resume', whole))).toEqual(
    failure(2, /whole is complete, all 72 steps are done/),
  );
  const folder = inFolder('busy');
  const file = writeTraining('busy.json', { epochs: 100_000 });
  const training = start('train', file, '--json', '--out', folder);
  await training.said(/"type":"saved"/);
  expect(outcome(await run('train', '--resume', folder))).toEqual(
    failure(2, /busy is being written by process \d+/),
  );
  expect(outcome(await run('train', '--resume', folder, '--batch', '7'))).toEqual(
    failure(2, /--batch 7 contradicts the run, which was started with 32/),
  );
  expect(outcome(await run('train', file, '--resume', folder))).toEqual(
    failure(2, /--resume takes the training from/),
  );
});
