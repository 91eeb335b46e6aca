// How the ways to train look in the figures of studies, and what they are called there.

import type { Group } from '../groups.ts';
import { architectureNames } from '../groups.ts';
import type { Variant } from '../study.ts';
import type { Look } from './palette.ts';
import { lookOf } from './palette.ts';
import { lineLegend } from './legend.ts';
import type { Html } from './html.ts';

const isUsual = ({ consistency }: Variant): boolean =>
  consistency === undefined || consistency === 'bsp';

/** `ring`, `parameter server bsp` */
export const nameOfVariant = ({ architecture, consistency }: Variant): string =>
  [architectureNames[architecture], consistency].filter(Boolean).join(' ');

const groupOf = (variant: Variant): Group => ({
  key: nameOfVariant(variant).replaceAll(/\W+/g, '-'),
  name: nameOfVariant(variant),
  ...variant,
  variant: isUsual(variant) ? 0 : 1,
  runs: [],
});

export const lookOfVariant = (variant: Variant): Look => lookOf(groupOf(variant));

export const variantLegend = (variants: readonly Variant[]): Html =>
  lineLegend(variants.map(groupOf));
