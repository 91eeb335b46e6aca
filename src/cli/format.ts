// Numbers as people read them, the same everywhere in the command line.

/** `1,234,567` */
export const formatCount = (value: number): string => Math.round(value).toLocaleString('en-US');

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `17 B`, `1.2 MB` */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be shown as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]!}`;
}

/** `0:42`, `12:05`, `1:02:05` */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** `0.4 s`, `12.3 s` */
export const formatSeconds = (seconds: number): string => `${seconds.toFixed(1)} s`;

/** Four figures, without an exponent where it can be helped. */
export const formatLoss = (loss: number): string =>
  Math.abs(loss) < 1e5 && (Math.abs(loss) >= 1e-3 || loss === 0)
    ? loss.toFixed(4)
    : loss.toExponential(3);

/** `97.35 %` */
export const formatShare = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** `1 node`, `2 nodes` */
export const formatNumberOf = (count: number, what: string): string =>
  `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
