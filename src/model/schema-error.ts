// Turns what a schema finds wrong into one line for a person: the path of the key, what was given,
// what is expected. What is expected is read from the JSON schema, so it can never disagree with it.

import { z } from 'zod';
import { RingError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { suggestion } from './suggestion.ts';

type JsonSchema = Readonly<Record<string, unknown>>;
type Path = readonly PropertyKey[];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectOf = (value: unknown): JsonSchema => (isObject(value) ? value : {});

const listOf = (value: unknown): JsonSchema[] =>
  Array.isArray(value) ? value.map((item) => objectOf(item)) : [];

/** `model[2].units` */
const spell = (path: Path): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) current = (current as Record<PropertyKey, unknown> | undefined)?.[key];
  return current;
}

/** The alternatives that a schema is made of; itself when it is one alone. */
function branches(schema: JsonSchema): JsonSchema[] {
  const alternatives = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])];
  return alternatives.length === 0 ? [schema] : alternatives.flatMap(branches);
}

/** The key whose literal tells the branches of a union apart: `layer`, `kind`, `schedule`. */
const discriminants = (schema: JsonSchema): [string, unknown][] =>
  Object.entries(objectOf(schema['properties'])).flatMap(([key, property]) => {
    const literal = objectOf(property)['const'];
    return literal === undefined ? [] : [[key, literal]];
  });

/** The branches that `value` may have meant. */
function meant(schema: JsonSchema, value: unknown): JsonSchema[] {
  const all = branches(schema);
  if (!isObject(value)) return all;
  const objects = all.filter((branch) => branch['type'] === 'object');
  const fitting = objects.filter((branch) =>
    discriminants(branch).every(([key, literal]) => value[key] === literal),
  );
  return fitting.length > 0 ? fitting : objects;
}

/** The schemas that say what may stand at `path` of `value`. */
function schemasAt(schema: JsonSchema, value: unknown, path: Path): JsonSchema[] {
  const [key, ...rest] = path;
  if (key === undefined) return branches(schema);
  return meant(schema, value).flatMap((branch) => {
    const next =
      typeof key === 'number'
        ? (listOf(branch['prefixItems'])[key] ?? branch['items'])
        : objectOf(branch['properties'])[String(key)];
    return isObject(next) ? schemasAt(next, valueAt(value, [key]), rest) : [];
  });
}

const range = (schema: JsonSchema): string => {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const said = (words: string, bound: unknown) =>
    bound === undefined || Math.abs(Number(bound)) === Number.MAX_SAFE_INTEGER
      ? ''
      : `${words} ${JSON.stringify(bound)}`;
  const low = said('above', above) || said('from', minimum);
  const high = said('below', below) || said(above === undefined ? 'to' : 'and at most', maximum);
  return [low, high].filter(Boolean).join(' ');
};

/** What a schema accepts, in words. */
function expectation(schema: JsonSchema): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum']))
    return schema['enum'].map((value) => JSON.stringify(value)).join(' or ');
  switch (schema['type']) {
    case 'integer':
      return `a whole number ${range(schema)}`.trimEnd();
    case 'number':
      return `a number ${range(schema)}`.trimEnd();
    case 'boolean':
      return 'true or false';
    case 'string':
      return schema['minLength'] === undefined ? 'a text' : 'a text that is not empty';
    case 'array': {
      const places = listOf(schema['prefixItems']);
      return places.length > 0
        ? `a list of ${places.length}: [${places.map(expectation).join(', ')}]`
        : schema['minItems'] === undefined
          ? 'a list'
          : `a list of at least ${JSON.stringify(schema['minItems'])}`;
    }
    default: {
      const literals = discriminants(schema);
      return literals.length > 0
        ? `{ ${literals.map(([key, value]) => `"${key}": ${JSON.stringify(value)}`).join(', ')}, ... }`
        : 'an object { ... }';
    }
  }
}

const unique = (items: readonly string[]): string[] => [...new Set(items)];

function given(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

type Issue = z.core.$ZodIssue;

/** The issue that says most: an unknown key before what is missing, and of a union the branch that was meant. */
function telling(
  issues: readonly Issue[],
  under: Path = [],
): { issue: Issue; path: Path } | undefined {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) return undefined;
  const path = [...under, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const deeper = issue.errors.find(
      ([first]) => first && !(first.code === 'invalid_type' && first.path.length === 0),
    );
    const found = deeper && telling(deeper, path);
    if (found && (found.path.length > path.length || found.issue.code === 'unrecognized_keys'))
      return found;
  }
  return { issue, path };
}

/** One line about the first thing that is wrong with `value`. */
function describeIssues(
  error: z.core.$ZodError,
  value: unknown,
  jsonSchema: Readonly<Record<string, unknown>>,
): string {
  const found = telling(error.issues);
  if (!found) return 'it is not valid';
  const { issue, path } = found;
  if (issue.code === 'custom') return issue.message;
  const schemas = schemasAt(jsonSchema, value, path);
  const actual = valueAt(value, path);
  if (issue.code === 'unrecognized_keys') {
    const here = meant({ anyOf: schemas }, actual);
    const known = unique(here.flatMap((schema) => Object.keys(objectOf(schema['properties']))));
    const key = issue.keys[0] ?? '';
    return `${spell([...path, key])} is not a known key: the keys here are ${known.join(', ')}${suggestion(key, known)}`;
  }
  const expected = unique(schemas.map(expectation)).join(' or ');
  const name = path.length === 0 ? 'it' : spell(path);
  const said = actual === undefined ? 'is missing' : `is ${given(actual)}`;
  const literals = schemas
    .flatMap(({ const: literal, enum: choices }) => (Array.isArray(choices) ? choices : [literal]))
    .filter((literal) => typeof literal === 'string');
  const hint = typeof actual === 'string' ? suggestion(actual, literals) : '';
  return `${name} ${said}, expected ${expected}${hint}`;
}

/** `value` as `schema` has it; otherwise a RingError of one line that begins with `where`. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
  code: ErrorCode,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const description = describeIssues(result.error, value, z.toJSONSchema(schema, { io: 'input' }));
  throw new RingError(code, `${where}: ${description}`);
}
