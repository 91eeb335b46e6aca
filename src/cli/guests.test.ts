import { expect, test } from 'vitest';

import type { Link } from '../ports.ts';
import { Guests } from './guests.ts';

interface Knocking {
  readonly name: string;
  readonly leave: () => void;
  readonly wasSentAway: () => boolean;
}

/** Guests of a run of `most` devices, and the names of those who were let in. */
function doorOf(most: number) {
  const names = new Map<Link, string>();
  const inside: string[] = [];
  const guests = new Guests(most, (link) => inside.push(names.get(link)!));
  const knock = (name: string): Knocking => {
    let leave!: () => void;
    let isClosed = false;
    const link = {
      close() {
        isClosed = true;
        return Promise.resolve();
      },
    } as Link;
    names.set(link, name);
    guests.take(link, new Promise((resolve) => (leave = resolve)));
    return { name, leave, wasSentAway: () => isClosed };
  };
  return { guests, inside, knock };
}

const turn = (): Promise<void> => Promise.resolve();

test('so many come in; the next one comes in when one of them is gone', async () => {
  const { inside, knock } = doorOf(2);
  const [first] = ['ash', 'birch', 'oak', 'pine'].map(knock);
  expect(inside).toEqual(['ash', 'birch']);
  first!.leave();
  await turn();
  expect(inside).toEqual(['ash', 'birch', 'oak']);
});

test('one who waits and goes takes no place', async () => {
  const { inside, knock } = doorOf(1);
  const [first, second] = ['ash', 'birch', 'oak'].map(knock);
  second!.leave();
  await turn();
  expect(inside).toEqual(['ash']);
  first!.leave();
  await turn();
  expect(inside).toEqual(['ash', 'oak']);
});

test('at the end, those who wait are sent away, and nobody else', async () => {
  const { guests, knock } = doorOf(1);
  const knocking = ['ash', 'birch', 'oak'].map(knock);
  await guests.close();
  expect(knocking.filter((each) => each.wasSentAway()).map(({ name }) => name)).toEqual([
    'birch',
    'oak',
  ]);
});
