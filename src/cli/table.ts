// A table of text in columns: what a terminal shows of anything that comes in rows.

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

const gap = '  ';

/** Lines of the same layout, the titles first; nothing is cut off. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  return lines.map((line) =>
    columns
      .map(({ align }, at) => {
        const cell = line[at] ?? '';
        return align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
      })
      .join(gap)
      .trimEnd(),
  );
}
