// The report of some studies: one page, to be read like the results of a paper. The verdicts come first, then
// a chapter a study, then what all of it was made on and what may be wrong with it.

import type { Chapter, StudyReport } from '../study.ts';
import { exhibitHtml } from './exhibit.ts';
import type { Exhibit } from './exhibit.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';
import { textures } from './palette.ts';
import { studySettings, threats } from './study-settings.ts';
import { style } from './style.ts';
import { words } from './words.ts';

/** The page, as the text of an HTML file. It refers to the files beside it. */
export function renderStudies(report: StudyReport): string {
  const { chapters } = report;
  const [only] = chapters.length === 1 ? chapters : [];
  const title = only ? only.study.title : 'A ring and its rivals on small devices';
  const count = counting();
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body class="study-page">
        ${textures}
        <main>
          ${abstract(report, title)}
          ${chapters.map((chapter, at) => chapterSection(chapter, at + 1, report, count))} ${words}
          ${studySettings(report)} ${threats(report)}
          <footer>
            Made by RingTMP. Every run stands in <a href="results.csv">results.csv</a>, a row a run
            and node; verdicts and tables in <a href="results.json">results.json</a>; and all that
            was recorded, timelines included, in <a href="runs.jsonl">runs.jsonl</a>, a line a run.
          </footer>
        </main>
      </body>
    </html> `;
  return page.text;
}

/** Numbers figures and tables apart. */
function counting(): (exhibit: Exhibit) => number {
  const counts = { figure: 0, table: 0 };
  return ({ kind }) => (counts[kind] += 1);
}

function abstract(report: StudyReport, title: string): Html {
  const { chapters, trials, missing, repeats, reported, size } = report;
  const counted = (verdict: string): number =>
    chapters.filter(({ findings }) => findings.verdict === verdict).length;
  return html`<header>
      <p class="kicker">
        Results of ${chapters.length === 1 ? 'a study' : `${chapters.length} studies`}
      </p>
      <h1>${title}</h1>
      <p class="lede">
        Each study stated its hypothesis, with the threshold that decides it, before anything was
        run. ${counted('held')} held, ${counted('not held')} did not, and ${counted('undecided')}
        ${counted('undecided') === 1 ? 'is' : 'are'} undecided.
      </p>
      <p>
        A hypothesis held, or did not, where the 95 % interval of what was found lies on one side of
        its threshold; where it lies on both, or there is nothing to compare, it is undecided.
      </p>
      <p class="note">
        ${trials.length} runs, ${repeats === 1 ? 'one' : `up to ${repeats}`} of each condition, in
        ${size === 'full' ? 'full' : `the ${size} form`} · reported
        ${reported.slice(0, 16).replace('T', ' ')} UTC
      </p>
      ${
        size === 'tiny' &&
        html`<p class="warning">
          <strong>Tiny form:</strong> it shows that everything works. Its runs are too short, and
          too few, for its figures to mean anything.
        </p>`
      }
      ${
        missing > 0 &&
        html`<p class="warning">
          <strong>Not complete:</strong> ${missing} of ${missing + trials.length} runs are yet to be
          made. The same command with the same folder makes them and no others.
        </p>`
      }
    </header>
    <section id="abstract">
      <h2>Verdicts</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="Verdicts">
        <table class="verdicts texts">
          <thead>
            <tr>
              <th scope="col">study</th>
              <th scope="col">hypothesis</th>
              <th scope="col">verdict</th>
              <th scope="col">effect</th>
            </tr>
          </thead>
          <tbody>
            ${chapters.map(
              ({ study, findings }) =>
                html`<tr>
                  <th scope="row"><a href="#${study.name}">${study.title}</a></th>
                  <td>${study.hypothesis}</td>
                  <td>${mark(findings.verdict)}</td>
                  <td>${findings.effect}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
}

const signs = {
  held: { sign: '✓', look: 'better' },
  'not held': { sign: '✗', look: 'worse' },
  undecided: { sign: '?', look: 'even' },
} as const;

function mark(verdict: keyof typeof signs): Html {
  const { sign, look } = signs[verdict];
  return html`<span class="verdict ${look}"
    ><span class="sign" aria-hidden="true">${sign}</span> ${verdict}</span
  >`;
}

function chapterSection(
  { study, findings }: Chapter,
  number: number,
  { setting }: StudyReport,
  count: (exhibit: Exhibit) => number,
): Html {
  return html`<section id="${study.name}" class="chapter">
    <h2>${number}. ${study.title}</h2>
    <dl class="plan">
      <div>
        <dt>question</dt>
        <dd>${study.question}</dd>
      </div>
      <div>
        <dt>hypothesis</dt>
        <dd>${study.hypothesis}</dd>
      </div>
      <div>
        <dt>method</dt>
        <dd>${study.method(setting)}</dd>
      </div>
      <div>
        <dt>verdict</dt>
        <dd>${mark(findings.verdict)}: ${findings.effect}</dd>
      </div>
    </dl>
    <p>${findings.sentences.join(' ')}</p>
    ${findings.exhibits.map((exhibit) => exhibitHtml(exhibit, count(exhibit)))}
  </section>`;
}
