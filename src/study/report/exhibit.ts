// What a study shows: figures and tables, as it hands them to whoever makes a page of them.

import type * as Plot from '@observablehq/plot';

import { html } from './html.ts';
import type { Html } from './html.ts';
import type { Canvas } from './plot.ts';
import { drawing, fullWidth } from './plot.ts';

export type Exhibit = Figure | StudyTable;

export interface Figure {
  readonly kind: 'figure';
  /** Says what there is to see. */
  readonly caption: string;
  /** For those who cannot see it. */
  readonly label: string;
  readonly legend?: Html;
  readonly draw: (canvas: Canvas) => Plot.PlotOptions;
}

export interface StudyTable {
  readonly kind: 'table';
  readonly caption: string;
  readonly columns: readonly { readonly title: string; readonly align?: 'right' }[];
  readonly rows: readonly (readonly string[])[];
}

/** `number`: figures and tables are counted apart, through the whole page. */
export const exhibitHtml = (exhibit: Exhibit, number: number): Html =>
  exhibit.kind === 'figure' ? figureHtml(exhibit, number) : tableHtml(exhibit, number);

const figureHtml = ({ caption, label, legend, draw }: Figure, number: number): Html =>
  html`<figure>
    ${legend} ${drawing(label, fullWidth, draw)}
    <figcaption><strong>Figure ${number}.</strong> ${caption}</figcaption>
  </figure>`;

const tableHtml = ({ caption, columns, rows }: StudyTable, number: number): Html =>
  html`<figure>
    <figcaption><strong>Table ${number}.</strong> ${caption}</figcaption>
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
      <table class="study">
        <thead>
          <tr>
            ${columns.map(
              ({ title, align }) =>
                html`<th scope="col" class="${align !== 'right' && 'text'}">${title}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (cells) =>
              html`<tr>
                ${cells.map((cell, at) =>
                  at === 0
                    ? html`<th scope="row">${cell}</th>`
                    : html`<td class="${columns[at]?.align !== 'right' && 'text'}">${cell}</td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </figure>`;
