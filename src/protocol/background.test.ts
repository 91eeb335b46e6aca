import { expect, test } from 'vitest';

import { PieceCutter, PieceJoiner } from './background.ts';

const settle = (): void => undefined;

test('a frame is cut across its parts and put together again, an empty one too', () => {
  const cutter = new PieceCutter();
  const parts = [10, 0, 32_768, 1, 70_000].map((length, k) => new Uint8Array(length).fill(k + 1));
  cutter.add(parts, settle);
  cutter.add([], settle);
  const joiner = new PieceJoiner();
  const frames: Uint8Array[] = [];
  const sizes: number[] = [];
  for (let piece = cutter.next(); piece; piece = cutter.next()) {
    const bytes = new Uint8Array(Buffer.concat(piece.parts));
    sizes.push(bytes.length);
    expect(piece.settle).toBe(piece.left === 0 ? settle : undefined);
    const frame = joiner.add(bytes, piece.left, 1 << 20);
    if (frame) frames.push(frame);
  }
  expect(sizes).toEqual([...Array<number>(12).fill(8192), 4475, 0]);
  expect(frames.map((frame) => frame.length)).toEqual([102_779, 0]);
  expect(Buffer.compare(frames[0]!, Buffer.concat(parts))).toBe(0);
  expect(cutter.isEmpty).toBe(true);
});

test('pieces that do not follow each other and frames above the limit are refused', () => {
  const refused = expect.objectContaining({ code: 'PROTOCOL' });
  const joiner = new PieceJoiner();
  joiner.add(new Uint8Array(10), 20, 100);
  expect(() => joiner.add(new Uint8Array(10), 11, 100)).toThrow(refused);
  expect(() => new PieceJoiner().add(new Uint8Array(10), 91, 100)).toThrow(refused);
});
