// Brings the parts of the documentation that follow from the code up to date: `npm run docs`.

import { readFileSync, writeFileSync } from 'node:fs';

import { blocks, fillIn, pages } from './docs/blocks.ts';

const contents = await blocks();
for (const name of pages) {
  const url = new URL(`../${name}`, import.meta.url);
  writeFileSync(url, fillIn(readFileSync(url, 'utf8'), contents));
}
