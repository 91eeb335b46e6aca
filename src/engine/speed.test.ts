import { expect, it } from 'vitest';
import { createInlineEngine } from './inline.ts';
import { measureSpeed } from './speed.ts';

it('measures a speed that a computer may have, and leaves nothing behind', async () => {
  const engine = await createInlineEngine();
  const speed = await measureSpeed(engine);
  const arena = engine.allocatedBytes;
  expect(speed).toBeGreaterThan(1e6);
  expect(speed).toBeLessThan(1e13);
  await measureSpeed(engine);
  expect(engine.allocatedBytes).toBe(arena);
});
