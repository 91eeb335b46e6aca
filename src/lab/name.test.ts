import { expect, test } from 'vitest';

import { labName, namespaceName, parseLabName, startOf } from './name.ts';

const owner = { pid: 812, started: 99_120 };

test("what a lab is made of tells the lab's name and its owner", () => {
  const lab = labName(owner);
  expect(lab).toBe('ringtmp-lab-812-99120');
  for (const name of [lab, namespaceName(lab, 12), namespaceName(lab, 'switch')])
    expect(parseLabName(name)).toEqual({ lab, owner });
});

test.each(['ringtmp-lab', 'ringtmp-lab-812', 'other-ringtmp-lab-8-9', 'ringtmp-lab-8-9x', 'eth0'])(
  'what is of no lab is not taken for it: %s',
  (name) => expect(parseLabName(name)).toBeUndefined(),
);

test('the start of a process is read also where its name is strange', () => {
  const fields = Array.from({ length: 30 }, (_, at) => 100 + at).join(' ');
  expect(startOf(`812 (a) b (c)) S ${fields}`)).toBe(118);
  expect(startOf('')).toBeNaN();
});
