// Quantities as people read them, with their spread: `12.3 ± 0.4 s`. One unit and one number of
// decimals for a value and its spread, or nobody can compare the two. Pure.

import type { Estimate } from './statistics.ts';

export type Quantity = 'seconds' | 'share' | 'bytes' | 'joules' | 'rate' | 'loss';

interface Unit {
  readonly name: string;
  /** How many of the base unit it holds. */
  readonly size: number;
}

/** From the smallest; each is used from its own size on. */
const units: Readonly<Record<Quantity, readonly Unit[]>> = {
  seconds: [
    { name: 'µs', size: 1e-6 },
    { name: 'ms', size: 1e-3 },
    { name: 's', size: 1 },
    { name: 'min', size: 60 },
    { name: 'h', size: 3600 },
  ],
  share: [{ name: '%', size: 0.01 }],
  bytes: [
    { name: 'B', size: 1 },
    { name: 'kB', size: 1e3 },
    { name: 'MB', size: 1e6 },
    { name: 'GB', size: 1e9 },
  ],
  joules: [
    { name: 'µJ', size: 1e-6 },
    { name: 'mJ', size: 1e-3 },
    { name: 'J', size: 1 },
    { name: 'kJ', size: 1e3 },
  ],
  rate: [{ name: '', size: 1 }],
  loss: [{ name: '', size: 1 }],
};

/** Minutes and hours are for what is long: 90 s are easier to compare than 1.5 min. */
const longFor = 5;

/** The unit in which a value of this size is read. */
export function unitFor(value: number, quantity: Quantity): Unit {
  const fitting = units[quantity].filter(
    ({ name, size }) =>
      Math.abs(value) >= (name === 'min' || name === 'h' ? longFor * size : size * 0.9995),
  );
  const base = units[quantity].find(({ size }) => size === 1) ?? units[quantity][0]!;
  return fitting.at(-1) ?? (value === 0 ? base : units[quantity][0]!);
}

/** Three figures that count, a loss four decimals. */
function decimalsFor(scaled: number, quantity: Quantity): number {
  if (quantity === 'loss') return 4;
  if (quantity === 'share') return 1;
  if (scaled === 0) return 0;
  return Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled) * 1.0005))));
}

const withSeparators = (value: number, decimals: number): string =>
  value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });

/** A value in its unit's digits, and its spread where these digits show one. */
export function quantityParts(
  value: number | Estimate,
  quantity: Quantity,
): { readonly value: string; readonly spread?: string; readonly unit: string } {
  const { mean, halfWidth = 0 } = typeof value === 'number' ? { mean: value } : value;
  if (!Number.isFinite(mean)) return { value: 'not finite', unit: '' };
  const unit = unitFor(mean, quantity);
  const decimals = decimalsFor(mean / unit.size, quantity);
  const spread = withSeparators(halfWidth / unit.size, decimals);
  return {
    value: withSeparators(mean / unit.size, decimals),
    ...(/[1-9]/.test(spread) && { spread }),
    unit: unit.name,
  };
}

/** `12.3 s`, or `12.3 ± 0.4 s`. */
export function formatQuantity(of: number | Estimate, quantity: Quantity): string {
  const { value, spread, unit } = quantityParts(of, quantity);
  return `${value}${spread === undefined ? '' : ` ± ${spread}`}${unit && ' '}${unit}`;
}

/** `1.8`, `12`: how many times as much, in as many figures as a person keeps. */
export const formatTimes = (ratio: number): string =>
  ratio < 1.1 ? ratio.toFixed(2) : ratio < 9.95 ? ratio.toFixed(1) : Math.round(ratio).toString();
