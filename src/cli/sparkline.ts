// A curve in one line of text (Tufte's sparkline, in eight heights of block characters).

const heights = '▁▂▃▄▅▆▇█';

/** The values, averaged over at most `width` equal parts, from the lowest to the highest. */
export function sparkline(values: readonly number[], width: number): string {
  const parts = Math.min(width, values.length);
  const means = Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * values.length) / parts);
    const to = Math.floor(((part + 1) * values.length) / parts);
    return values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means
    .map((mean) => heights[range > 0 ? Math.round((7 * (mean - low)) / range) : 0])
    .join('');
}
