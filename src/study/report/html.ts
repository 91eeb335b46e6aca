// HTML as a value: what is put into a template is escaped unless it is HTML itself, so that no name of a
// device and no title can become markup. Pure.

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Insert = string | number | Html | undefined | false | readonly Insert[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A number and its unit are not torn apart at the end of a line. */
const unit =
  /(?<=\d) (?=(?:%|[kMGT]?B|[mµn]?s|min|h|[mµnk]?J|[kMG]?bit\/s|GFLOP\/s|million)(?![\w]))/g;

const escape = (text: string): string =>
  text.replaceAll(unit, '\u00a0').replaceAll(/[&<>"']/g, (sign) => entities[sign]!);

function toText(insert: Insert): string {
  if (insert instanceof Html) return insert.text;
  if (typeof insert === 'object') return insert.map(toText).join('');
  return insert === undefined || insert === false ? '' : escape(String(insert));
}

/** A template: html`<p>${text}</p>`. Lists are joined; undefined and false are nothing. */
export const html = (parts: TemplateStringsArray, ...inserts: readonly Insert[]): Html =>
  new Html(
    parts.map((part, at) => part + (at < inserts.length ? toText(inserts[at]) : '')).join(''),
  );
