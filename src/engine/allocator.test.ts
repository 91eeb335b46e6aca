import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Allocator } from './allocator.ts';

const page = 65536;

/** Allocates and frees as told: a size takes a block, a negative number frees one of those taken. */
function play(allocator: Allocator, moves: readonly number[]): Map<number, number> {
  const taken = new Map<number, number>();
  for (const move of moves) {
    const starts = [...taken.keys()];
    const start = starts[-move % starts.length];
    if (move >= 0) taken.set(allocator.allocate(move), move);
    else if (start !== undefined) {
      allocator.free(start);
      taken.delete(start);
    }
  }
  return taken;
}

it('never gives the same bytes twice, and gets all of them back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -20, max: 200_000 }), { maxLength: 60 }), (moves) => {
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 1000 });
      const allocator = new Allocator(memory, page, 1000 * page);
      const taken = play(allocator, moves);
      const ranges = [...taken].sort(([a], [b]) => a - b);
      let end = page;
      for (const [start, size] of ranges) {
        expect(start % 64).toBe(0);
        expect(start).toBeGreaterThanOrEqual(end);
        end = start + size;
      }
      expect(end).toBeLessThanOrEqual(memory.buffer.byteLength);
      const length = memory.buffer.byteLength;
      for (const start of taken.keys()) allocator.free(start);
      expect(allocator.allocatedBytes).toBe(0);
      // All neighbours were joined: everything fits in one piece again, without growth.
      expect(allocator.allocate(length - page)).toBe(page);
      expect(memory.buffer.byteLength).toBe(length);
    }),
    { numRuns: 100 },
  );
});

it('says in one line when the memory is full', () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 4 });
  const allocator = new Allocator(memory, page, 4 * page);
  allocator.allocate(3 * page);
  expect(() => allocator.allocate(1)).toThrow(/memory is full: 1 MiB more were asked for/);
});
