// Makes docs/results of a folder of `ringtmp study`: the page and the data as they are, and a text with the
// page's figures as pictures, to be read where pages are not shown. `npm run results -- FOLDER`; needs Chromium.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { chromium } from 'playwright-core';
import type { Locator, Page } from 'playwright-core';

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface Results {
  readonly studies: readonly {
    readonly study: string;
    readonly verdict: string;
    readonly effect: string;
    readonly tables: readonly Table[];
  }[];
}

const files = ['report.html', 'results.csv', 'results.json'];
/** With a timeline of every run, so it is large. */
const recorded = 'runs.jsonl';
const from = resolve(process.argv[2] ?? '.');
const to = fileURLToPath(new URL('../docs/results', import.meta.url));

// All of it is read before what was there is removed.
const contents = [
  ...files.map((file) => [file, readFileSync(join(from, file))] as const),
  [`${recorded}.gz`, gzipSync(readFileSync(join(from, recorded)))] as const,
];
const { studies } = JSON.parse(readFileSync(join(from, 'results.json'), 'utf8')) as Results;
rmSync(to, { recursive: true, force: true });
mkdirSync(join(to, 'pictures'), { recursive: true });
for (const [file, content] of contents) writeFileSync(join(to, file), content);
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({
    viewport: { width: 1100, height: 900 },
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
  });
  await page.goto(pathToFileURL(join(from, 'report.html')).href);
  writeFileSync(join(to, 'README.md'), await textOf(page));
} finally {
  await browser.close();
}

async function textOf(page: Page): Promise<string> {
  const said = (selector: string): Promise<string> => lineOf(page.locator(selector).first());
  const parts = [
    '# Results',
    `${await said('header .lede')} ${await said('header .note')}`,
    'This is `ringtmp study all`, as it came out. [report.html](report.html) is the page that it wrote (to be opened from disk), [results.csv](results.csv) has a row for each run and node, [results.json](results.json) the tables, [runs.jsonl.gz](runs.jsonl.gz) all that was recorded. [studies.md](../studies.md) says how to repeat it.',
    tableText({
      columns: ['study', 'verdict', 'effect'],
      rows: studies.map(({ study, verdict, effect }) => [
        `[${study}](#${study})`,
        `**${verdict}**`,
        effect,
      ]),
    }),
  ];
  for (const { study, tables } of studies)
    parts.push(...(await chapterText(page.locator(`section#${study}`), study, tables)));
  for (const section of ['settings', 'threats'])
    parts.push(`## ${await said(`#${section} > h2`)}`, ...(await listText(page, section)));
  return `${parts.join('\n\n')}\n`;
}

async function chapterText(
  chapter: Locator,
  study: string,
  tables: readonly Table[],
): Promise<readonly string[]> {
  const parts = [`## ${study}`];
  const terms = chapter.locator('dl.plan > div');
  for (const term of await terms.all())
    parts.push(`**${await lineOf(term.locator('dt'))}:** ${await lineOf(term.locator('dd'))}`);
  parts.push(await lineOf(chapter.locator(':scope > p').first()));
  const remaining = [...tables];
  let pictures = 0;
  for (const figure of await chapter.locator(':scope > figure').all()) {
    const caption = await lineOf(figure.locator('figcaption'));
    const isTable = (await figure.locator('table').count()) > 0;
    if (isTable) {
      parts.push(caption, tableText(remaining.shift()!));
    } else {
      const picture = `pictures/${study}-${(pictures += 1)}.png`;
      await figure.screenshot({ path: join(to, picture) });
      parts.push(`![${caption.replaceAll(/[[\]]/g, '')}](${picture})`);
    }
  }
  return parts;
}

async function listText(page: Page, section: string): Promise<readonly string[]> {
  const facts: string[] = [];
  for (const fact of await page.locator(`#${section} dl > div`).all())
    facts.push(`- ${await lineOf(fact.locator('dt'))}: ${await lineOf(fact.locator('dd'))}`);
  for (const item of await page.locator(`#${section} li`).all())
    facts.push(`- ${await lineOf(item)}`);
  return [facts.join('\n')];
}

async function lineOf(place: Locator): Promise<string> {
  return (await place.innerText()).replaceAll(/\s+/g, ' ').trim();
}

function tableText({ columns, rows }: Table): string {
  return [columns, columns.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}
