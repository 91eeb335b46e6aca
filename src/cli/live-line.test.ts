import { expect, test } from 'vitest';
import { bar, LiveLine } from './live-line.ts';

function setUp(terminal: { isTTY?: boolean; columns?: number }) {
  let now = 0;
  let written = '';
  const output = { ...terminal, write: (text: string) => (written += text) };
  const line = new LiveLine(output, () => now);
  return {
    line,
    wait: (milliseconds: number) => (now += milliseconds),
    take: () => {
      const taken = written;
      written = '';
      return taken;
    },
  };
}

test('on a terminal the line is rewritten in place, cut to its width, not too often', () => {
  const { line, wait, take } = setUp({ isTTY: true, columns: 10 });
  line.update(() => 'step 1 and more');
  expect(take()).toBe('\r\u001b[Kstep 1 an');
  wait(99);
  line.update(() => expect.unreachable());
  expect(take()).toBe('');
  wait(1);
  line.update(() => 'step 2');
  expect(take()).toBe('\r\u001b[Kstep 2');
});

test('other lines take its place and it goes on below them at once', () => {
  const { line, take } = setUp({ isTTY: true });
  line.update(() => 'step 1');
  take();
  line.print('epoch 1', 'done');
  expect(take()).toBe('\r\u001b[Kepoch 1\ndone\n');
  line.update(() => 'step 2');
  expect(take()).toBe('\r\u001b[Kstep 2');
  line.clear();
  expect(take()).toBe('\r\u001b[K');
  line.clear();
  expect(take()).toBe('');
});

test('in a pipe there is a plain line every five seconds', () => {
  const { line, wait, take } = setUp({});
  line.update(() => expect.unreachable());
  wait(5000);
  line.update(() => 'step 7');
  expect(take()).toBe('step 7\n');
  wait(4999);
  line.update(() => expect.unreachable());
  line.print('epoch 1');
  expect(take()).toBe('epoch 1\n');
});

test('a bar is full at 1 and stays within its width', () => {
  expect([0, 0.5, 1, 7].map((share) => bar(share, 4))).toEqual(['░░░░', '██░░', '████', '████']);
});
