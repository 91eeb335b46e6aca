import { createServer } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { frameMagic, wireVersion } from '../../src/protocol/frame.ts';
import { failure, outcome, inFolder, run, small, writeTestFile, writeTraining } from './command.ts';

beforeAll(() => {
  writeTraining('good.json');
  const image = new Uint8Array(16 + 2 * 4 - 3);
  image.set([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2]);
  writeTestFile('cut.idx', image);
  writeTestFile('labels.idx', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1));
  writeTestFile('text.csv', 'a,b,tree\n1,2,oak\n1,two,ash\n');
});

const [first, ...rest] = small.model;

const failures: readonly {
  readonly what: string;
  readonly changes?: object;
  readonly flags?: readonly string[];
  readonly exit: number;
  readonly said: RegExp;
}[] = [
  {
    what: 'a truncated IDX file',
    changes: { data: { kind: 'idx', images: 'cut.idx', labels: 'labels.idx' } },
    exit: 2,
    said: /cut\.idx is truncated: 21 bytes, but shape \[2, 2, 2\] needs 24/,
  },
  {
    what: 'text among numbers',
    changes: { data: { kind: 'csv', file: 'text.csv', label: 'tree' } },
    exit: 2,
    said: /text\.csv line 3: cell 2 \(b\) is "two", a number is expected/,
  },
  {
    what: 'a layer that does not fit',
    changes: { model: [{ layer: 'conv2d', filters: 2, kernel: 3 }, first, ...rest] },
    exit: 2,
    said: /layer 0 \(conv2d\) is given \[4\]/,
  },
  {
    what: 'a loss that is no number',
    changes: { optimizer: { kind: 'sgd' } },
    flags: ['--learning-rate', '1e6', '--nodes', '2'],
    exit: 6,
    said: /(loss|gradient) .*in step \d+.*lower learningRate/,
  },
  {
    what: 'an unknown key',
    changes: { epoch: 3 },
    exit: 2,
    said: /bad\.json: epoch is not a known key: .*did you mean epochs\?/,
  },
  {
    what: 'too many nodes',
    flags: ['--nodes', '5'],
    exit: 2,
    said: /at most 4 nodes, not 5/,
  },
];

test.each([
  { to: 'a folder that is not there', path: 'absent/trace.json', said: /ENOENT/ },
  { to: 'a folder', path: '.', said: /it is a folder/ },
])('a trace to $to is refused before anything is computed', async ({ path, said }) => {
  const out = inFolder('traced-nowhere');
  const ended = await run('train', writeTraining('traced.json'), '--trace', path, '--out', out);
  expect(outcome(ended)).toEqual(failure(74, said));
  expect(ended.stdout).toBe('');
});

test.each(failures)('$what', async ({ what, changes, flags = [], exit, said }) => {
  const file = writeTraining('bad.json', changes);
  expect(outcome(await run('train', file, ...flags, '--out', inFolder(what)))).toEqual(
    failure(exit, said),
  );
});

test.each([
  { args: ['trian'], said: /unknown command 'trian'; did you mean train\?/ },
  { args: ['train', '--ndoes', '3'], said: /unknown option '--ndoes'; did you mean --nodes\?/ },
  { args: ['train', '--batch', '0'], said: /'0' is invalid/ },
  { args: ['train', 'absent.json'], said: /absent\.json cannot be read/ },
  { args: ['train', '--workers', '1'], said: /--workers needs --listen/ },
  { args: ['train', '--epochs', '1', '--steps', '1'], said: /cannot be used with/ },
  {
    args: ['train', 'good.json', '--threads', '9999'],
    said: /--threads 9999 is more than the \d+ core/,
  },
  {
    args: ['train', 'good.json', '--device-profile', 'pi4b'],
    said: /"pi4b" is not a known device profile: .* did you mean pi-4b\?/,
  },
  {
    args: 'train good.json -n 2 --architecture parameter-server --servers 2'.split(' '),
    said: /--servers 2 leaves none of 2 nodes/,
  },
  {
    args: 'train good.json -n 2 --architecture parameter-server --consistency bps'.split(' '),
    said: /'bps' is no consistency: give bsp, async, or ssp:S/,
  },
  {
    args: 'compare good.json --nodes 3 --architectures all-reduce,ring --out good.json'.split(' '),
    said: /the comparison cannot be kept in good\.json: .* is not a folder/,
    code: 74,
  },
  {
    args: 'compare good.json --nodes 5 --architectures all-reduce,ring'.split(' '),
    said: /at most 4 nodes, not 5/,
  },
  { args: ['train', 'good.json', '--out', ''], said: /--out is empty/ },
  {
    args: 'compare good.json --target-accuracy 95'.split(' '),
    said: /above 0 and at most 1 is expected/,
  },
  { args: 'evaluate absent --labels labels.gz'.split(' '), said: /--labels belongs to .* --data/ },
  { args: ['evaluate', 'absent'], said: /there is no folder absent/ },
  { args: ['join'], said: /join needs an invitation/ },
  { args: ['join', 'localhost:7000'], said: /without a secret/ },
])('$args', async ({ args, said, code = 2 }) => {
  expect(outcome(await run(...args))).toEqual(failure(code, said));
});

test('a master of another version', async () => {
  const hello = Buffer.alloc(4 + 40);
  hello.writeUInt32LE(40, 0);
  hello.writeUInt32BE(frameMagic, 4);
  hello.writeUInt16LE(wireVersion + 1, 8);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(hello);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const ended = await run('join', `127.0.0.1:${port}#abcdefghijklmnopqrstuv`);
  expect(outcome(ended)).toEqual(failure(4, /version/));
  server.close();
});

test('help and version are no failures', async () => {
  expect(await run('--version')).toMatchObject({ code: 0, stderr: '' });
  const { code, stdout } = await run('train', '--help');
  expect(code).toBe(0);
  expect(stdout).toContain('--microbatches');
});
