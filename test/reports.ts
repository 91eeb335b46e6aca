// What a simulated run told, by kind.

import type { Report } from '../src/node.ts';

export const reportsOf = <Kind extends Report['kind']>(
  { reports }: { readonly reports: readonly Report[] },
  kind: Kind,
): Extract<Report, { kind: Kind }>[] =>
  reports.filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
