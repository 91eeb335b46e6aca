// Plots as static SVG, made while the page is: Observable Plot draws into a document of linkedom's. Each
// is drawn for a desk and again for a phone, since text in a drawing that is scaled down cannot be read;
// the style sheet shows one of the two.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

import { Html, html } from './html.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

export interface Canvas {
  readonly width: number;
  readonly narrow: boolean;
}

/** The widths of the page's column, of half of it, and of a phone's screen. */
export const fullWidth = 1040;
export const halfWidth = 500;
const phoneWidth = 340;

/** Draws twice; `label` says to those who cannot see it what the drawing shows. */
export function drawing(
  label: string,
  width: number,
  options: (canvas: Canvas) => Plot.PlotOptions,
): Html {
  return html`<div class="wide">${svg(label, options({ width, narrow: false }), width)}</div>
    <div class="narrow">
      ${svg(label, options({ width: phoneWidth, narrow: true }), phoneWidth)}
    </div>`;
}

/** One small drawing inside text. */
export const glyph = (width: number, height: number, marks: Plot.PlotOptions['marks']): Html =>
  svg('', { ...bare, height, marks: marks! }, width);

const bare = { axis: null, margin: 0 } as const;

function svg(label: string, options: Plot.PlotOptions, width: number): Html {
  const element = Plot.plot({ ...options, width, document: document as never }) as unknown as {
    readonly outerHTML: string;
    setAttribute(name: string, value: string): void;
    querySelector(selector: string): { remove(): void } | null;
  };
  // Plot brings its own few rules with each drawing; the page's style sheet has them once.
  element.querySelector('style')?.remove();
  element.setAttribute('class', 'plot');
  if (label === '') element.setAttribute('aria-hidden', 'true');
  else {
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', label);
  }
  return new Html(element.outerHTML);
}
