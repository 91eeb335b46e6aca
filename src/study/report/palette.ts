// Colours by name, as variables of the style sheet, which gives them a value in light and in dark; and
// what tells the same things apart without colour: symbols for lines, textures for areas. The hues are
// after Okabe and Ito's, who chose them for all kinds of colour vision. Pure.

import type { SymbolType } from '@observablehq/plot';

import type { BusyKind, IdleCause } from '../../meter/timeline.ts';
import type { Group } from '../groups.ts';
import type { Architecture } from '../results.ts';
import { Html } from './html.ts';

const symbols: Readonly<Record<Architecture, SymbolType>> = {
  ring: 'circle',
  'parameter-server': 'square',
  'parameter-server-colocated': 'triangle',
  'all-reduce': 'diamond2',
  single: 'star',
};

const symbolsOfVariants: readonly SymbolType[] = ['cross', 'wye', 'triangle2'];

export interface Look {
  readonly stroke: string;
  readonly strokeDasharray: string;
  readonly symbol: SymbolType;
}

/** Of a line: its architecture's colour and symbol; a variant has a symbol of its own and is dashed. */
export const lookOf = ({ architecture, variant }: Group): Look => ({
  stroke: `var(--${architecture})`,
  strokeDasharray: variant === 0 ? 'none' : `${8 / variant},3`,
  symbol:
    variant === 0
      ? symbols[architecture]
      : symbolsOfVariants[(variant - 1) % symbolsOfVariants.length]!,
});

export const busyKinds: Readonly<Record<BusyKind, string>> = {
  forward: 'forward',
  backward: 'backward',
  weights: 'weight gradients',
  update: 'update',
  other: 'other',
};

export const idleCauses: Readonly<Record<IdleCause, string>> = {
  input: 'waits for input',
  gradient: 'waits for a gradient',
  parameters: 'waits for parameters',
  link: 'waits for a link',
  node: 'waits for its node',
  start: 'start',
  end: 'end',
};

type Fill = BusyKind | IdleCause | 'busy' | 'idle';

const plain: readonly Fill[] = ['forward', 'busy', 'idle', 'node', 'start'];

export const fillOf = (fill: Fill): string =>
  plain.includes(fill) ? `var(--${fill})` : `url(#texture-${fill})`;

const texture = (name: string, size: number, over: string): string =>
  `<pattern id="texture-${name}" width="${size}" height="${size}" patternUnits="userSpaceOnUse"><rect width="${size}" height="${size}" fill="var(--${name})"/>${over}</pattern>`;
const lines = (path: string, width = 1): string =>
  `<path d="${path}" stroke="var(--texture)" stroke-width="${width}" fill="none"/>`;
const rising = lines('M-1,1 L1,-1 M0,6 L6,0 M5,7 L7,5');
const falling = lines('M-1,5 L1,7 M0,0 L6,6 M5,-1 L7,1');
const dots = '<circle cx="2.5" cy="2.5" r="1" fill="var(--texture)"/>';

/** The textures that `fillOf` refers to; stands once on the page. */
export const textures = new Html(
  `<svg width="0" height="0" aria-hidden="true" class="textures"><defs>${[
    texture('backward', 6, rising),
    texture('weights', 5, dots),
    texture('update', 4, lines('M0,2 H4')),
    texture('other', 4, lines('M2,0 V4')),
    texture('input', 6, falling),
    texture('gradient', 6, rising),
    texture('parameters', 5, dots),
    texture('link', 4, lines('M0,2 H4')),
    texture('end', 4, lines('M2,0 V4')),
  ].join('')}</defs></svg>`,
);
