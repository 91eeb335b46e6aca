// The style sheet of the page: light and dark by what the reader prefers, one column on a phone, paper in
// print. No fonts and no images from elsewhere. Pure.

import { Html } from './html.ts';

const light = `
  --paper: #fdfdfb; --ink: #1a1d21; --soft: #565d68; --rule: #dcdfe4; --tint: #f3f4f1;
  --ring: #0b5cad; --parameter-server: #c8500a; --parameter-server-colocated: #b98300;
  --all-reduce: #00805f; --single: #6a7280;
  --busy: #37475c; --on-busy: #ffffff; --idle: #e9ebee; --link-line: #00805f;
  --good: #0b5cad; --bad: #b43a00;`;

const dark = `
  --paper: #15181d; --ink: #e7e9ec; --soft: #a3abb7; --rule: #333a44; --tint: #1d2229;
  --ring: #5eaef5; --parameter-server: #f58a4b; --parameter-server-colocated: #e8c14d;
  --all-reduce: #3fc79b; --single: #a4adba;
  --busy: #b9c4d3; --on-busy: #14171b; --idle: #2a3038; --link-line: #3fc79b;
  --good: #5eaef5; --bad: #f58a4b;`;

/** Of areas, which carry dark ink and texture in both. */
const areas = `
  --ink-on-fill: #14171b; --texture: #14171b4d;
  --forward: #a9d3f2; --backward: #6b9fd4; --weights: #c3aee6; --update: #f0a64a; --other: #b4bac3;
  --input: #f4ae6d; --gradient: #c3aee6; --parameters: #8fc7ee; --link: #efd95f; --node: #b9bec7; --start: #d3d7dd;
  --end: #b4bac3;`;

/** Textures of thousands of small areas, as timelines have, would make a printed file of many megabytes. */
const flatTimeline = `@media print {
${['backward', 'weights', 'update', 'other']
  .map((name) => `  [fill="url(#texture-${name})"] { fill: var(--${name}); }`)
  .join('\n')}
}`;

export const style = new Html(`
:root { color-scheme: light dark; ${areas} ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
@media print { :root { color-scheme: light; ${light} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%; }
main { max-width: 1088px; margin: 0 auto; padding: 40px 24px 64px; }
header { border-bottom: 3px solid var(--ring); padding-bottom: 20px; }
h1 { font-size: clamp(1.6rem, 4.2vw, 2.6rem); line-height: 1.15; letter-spacing: -0.02em; margin: 4px 0 14px;
  max-width: 26em; text-wrap: balance; }
h2 { font-size: 1.35rem; letter-spacing: -0.01em; margin: 52px 0 6px; }
h3 { font-size: 1rem; margin: 22px 0 6px; }
p { max-width: 74ch; margin: 6px 0 12px; }
a { color: var(--ring); }
.kicker { margin: 0; color: var(--soft); font-weight: 600; }
.lede { font-size: 1.12rem; max-width: 68ch; }
.note { color: var(--soft); font-size: 0.875rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 40px; }
.pair > * { min-width: 0; }
.pair > figure { display: flex; flex-direction: column; justify-content: space-between; }
figure { margin: 16px 0 8px; }
figcaption { font-size: 0.9rem; margin-bottom: 4px; }
.narrow { display: none; }
.plot { display: block; max-width: 100%; height: auto; overflow: visible; background: none;
  font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.plot text { white-space: pre; }
.plot .halo { font-variant-numeric: tabular-nums; }
.textures { position: absolute; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 10px 0; padding: 0;
  font-size: 0.9rem; }
.legend li { display: flex; align-items: center; gap: 7px; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: 0.875rem; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 7px 0 7px 16px; border-bottom: 1px solid var(--rule); white-space: nowrap;
  vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom;
  line-height: 1.3; }
th[scope="row"], th[scope="rowgroup"], th:first-child, .text, .texts th, .texts td { text-align: left; }
table:not(.nodes) th:first-child, .nodes thead th:first-child, th[scope="rowgroup"] { padding-left: 0; }
.nodes thead th:nth-child(-n + 3) { text-align: left; }
tbody th { font-weight: 600; }
.texts td { white-space: normal; min-width: 12em; }
.texts td:nth-child(2) { min-width: 0; }
.first > * { border-top: 2px solid var(--rule); }
.figure, .spread { display: block; }
.spread { color: var(--soft); font-size: 0.8rem; min-height: 1.2em; }
.best .figure { font-weight: 700; }
.best .figure::before { content: "★ "; color: var(--ring); }
.name { display: flex; gap: 6px; white-space: normal; min-width: 8em; line-height: 1.3; }
.name .plot { flex: none; margin-top: 2px; }
.bar { display: block; height: 4px; margin-top: 5px; border-radius: 2px;
  background: linear-gradient(var(--colour), var(--colour)) no-repeat right / calc(var(--length) * 100%) 100%, var(--tint); }
.sign { display: inline-block; width: 1.4em; height: 1.4em; line-height: 1.4em; border-radius: 50%;
  text-align: center; margin-left: 4px; }
.better .sign { background: var(--good); color: var(--paper); }
.worse { font-weight: 700; }
.worse .sign { background: var(--bad); color: var(--paper); }
.even .sign { background: var(--tint); }
.kind { border: 1px solid var(--rule); border-radius: 9px; padding: 1px 8px; white-space: nowrap; }
dl { margin: 0; font-size: 0.9rem; }
dl div { display: grid; grid-template-columns: 10em 1fr; gap: 12px; padding: 5px 0;
  border-bottom: 1px solid var(--rule); }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.warning { border-left: 4px solid var(--bad); padding: 6px 12px; background: var(--tint); }
.verdict { white-space: nowrap; font-weight: 600; }
.verdict .sign { margin: 0 2px 0 0; }
.verdicts td:nth-child(2) { min-width: 18em; }
.study-page td { white-space: normal; }
.study-page .text { text-align: left; }
.study-page li { max-width: 74ch; margin: 4px 0; }
.study-page figure figcaption { max-width: 90ch; margin-top: 4px; }
.plan { max-width: 90ch; margin: 12px 0; }
.plan div { grid-template-columns: 7em 1fr; }
footer { margin-top: 48px; color: var(--soft); font-size: 0.875rem; }
@media screen and (max-width: 700px) {
  main { padding: 24px 16px 48px; }
  .wide { display: none; }
  .narrow { display: block; }
  .pair { grid-template-columns: 1fr; }
  h2 { margin-top: 40px; }
  dl div { grid-template-columns: 8em 1fr; }
  .verdicts, .verdicts tbody, .verdicts tr, .verdicts th, .verdicts td { display: block; }
  .verdicts thead { display: none; }
  .verdicts tr { border-bottom: 1px solid var(--rule); padding: 8px 0; }
  .verdicts tbody :is(th, td) { border: 0; padding: 2px 0; }
  .scroll table:not(.nodes) th:first-child, th[scope="rowgroup"] { position: sticky; left: 0; background: var(--paper); padding-right: 8px; }
}
${flatTimeline}
@media print {
  html { font-size: 11px; }
  body { font-size: 1rem; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  figure, tr, dl div { break-inside: avoid; }
  h2, h3, .legend { break-after: avoid; }
  body:not(.study-page) figcaption { break-after: avoid; }
  figcaption:has(+ .scroll) { break-after: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 9px; }
  th, td { padding: 3px 0 3px 8px; }
}
`);
