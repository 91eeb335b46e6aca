// The documentation says what the code does: its tables are the code's, and its links lead somewhere.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { blocks, fillIn, pages } from '../scripts/docs/blocks.ts';
import { parseTraining } from '../src/model/training.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const contents = await blocks();

test.each(pages)('%s is in step with the code (npm run docs)', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  expect(text).toContain('<!-- begin ');
  expect(text).toBe(fillIn(text, contents));
});

test.each(Object.entries(contents))('the block %s says something', (_, content) => {
  expect(content).toMatch(/\S/);
});

test('every block stands in a page', () => {
  const all = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n');
  for (const name of Object.keys(contents)) expect(all).toContain(`<!-- begin ${name}:`);
});

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  'docs/results/README.md',
].filter((name) => name.endsWith('.md'));

test.each(documents)('the links of %s lead somewhere', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const targets = [
    ...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g),
    ...text.matchAll(/src="([^"]+)"/g),
  ];
  const missing = targets
    .map(([, target]) => target!)
    .filter((target) => !existsSync(join(root, dirname(document), target)));
  expect(missing).toEqual([]);
});

test.each(['README.md', 'docs/training-file.md'])('the training file in %s is one', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json!);
  expect(examples).not.toHaveLength(0);
  for (const example of examples)
    expect(parseTraining(JSON.parse(example), document)).toHaveProperty('model');
});
