// A JSON schema as Markdown for a person: one table per object, a row a key. Covers what the schema of
// the training file uses and refuses the rest, so that nothing is left out in silence.

export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | false;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** The table of an object's keys, without those in `leftOut`. */
export function keyTable(schema: JsonSchema, leftOut: readonly string[] = []): string {
  const rows = Object.entries(schema.properties ?? {})
    .filter(([key]) => !leftOut.includes(key))
    .map(([key, value]) => {
      const needed = schema.required?.includes(key) ? 'needed' : defaultOf(value);
      return `| \`${key}\` | ${typeText(value)} | ${needed} | ${value.description ?? ''} |`;
    });
  if (rows.length === 0) return 'It has no keys of its own.';
  return ['| key | value | default | what it is |', '|---|---|---|---|', ...rows].join('\n');
}

/** The objects that a value may be, at whatever depth of choices. */
const objectsOf = (schema: JsonSchema): readonly JsonSchema[] =>
  schema.properties ? [schema] : (schema.oneOf ?? schema.anyOf ?? []).flatMap(objectsOf);

/** One heading and table for each kind of an object that is told apart by `discriminator`. */
export function kindSections(schema: JsonSchema, discriminator: string, heading: string): string {
  return objectsOf(schema)
    .map((kind) => {
      const name = String(kind.properties?.[discriminator]?.const);
      const table = keyTable(kind, [discriminator]);
      return `${heading} \`${name}\`\n\n${kind.description ?? ''}\n\n${table}`;
    })
    .join('\n\n');
}

const defaultOf = ({ default: value }: JsonSchema): string =>
  value === undefined ? '' : `\`${JSON.stringify(value)}\``;

/** What a value may be, in a few words. */
function typeText(schema: JsonSchema): string {
  const { const: literal, enum: choices, anyOf, oneOf, type, prefixItems, items } = schema;
  if (literal !== undefined) return `\`${JSON.stringify(literal)}\``;
  if (choices) return choices.map((choice) => `\`${JSON.stringify(choice)}\``).join(' or ');
  const branches = anyOf ?? oneOf;
  if (branches) return [...new Set(branches.map(typeText))].join(' or ');
  if (prefixItems) return `[${prefixItems.map(typeText).join(', ')}]`;
  if (type === 'array') return `list of ${items ? typeText(items) : 'anything'}`;
  if (type === 'object') return 'object';
  if (type === 'integer') return `whole number${range(schema)}`;
  if (type === 'number') return `number${range(schema)}`;
  if (type === 'string') return 'text';
  if (type === 'boolean') return '`true` or `false`';
  throw new Error(
    `the schema has a value that the documentation cannot say: ${JSON.stringify(schema)}`,
  );
}

/** Bounds that only keep a size sane are not worth a reader's time. */
const largestWorthSaying = 100;

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const parts: string[] = [];
  if (minimum !== undefined && minimum >= -largestWorthSaying) parts.push(`from ${minimum}`);
  if (exclusiveMinimum !== undefined) parts.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum <= largestWorthSaying) parts.push(`to ${maximum}`);
  if (exclusiveMaximum !== undefined) parts.push(`below ${exclusiveMaximum}`);
  return parts.map((part) => ` ${part}`).join('');
}
