import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireRoom } from './run-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'ringtmp-folders-'));
const at = (...names: readonly string[]): string => join(base, ...names);

function makeFolder(name: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(at(name));
  for (const [file, content] of Object.entries(files)) writeFileSync(at(name, file), content);
}

beforeAll(() => {
  makeFolder('empty', {});
  makeFolder('run', { 'training.json': '{"resolved":{}}', 'model.safetensors': '' });
  makeFolder('begun', { 'training.json': '{"resolved":{}}', 'metrics.jsonl': '' });
  makeFolder('own', { 'training.json': '{"data":{}}' });
  makeFolder('broken', { 'training.json': '{' });
  makeFolder('measured', { 'metrics.jsonl': 'mine' });
  makeFolder('locked', {});
  chmodSync(at('locked'), 0o500);
  writeFileSync(at('file'), '');
});
afterAll(() => rmSync(base, { recursive: true }));

const refusal = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test.each([['empty'], ['begun'], ['new'], ['new/under/another']])(
  'there is room in %s, and nothing is made to find out',
  (name) => {
    const before = readdirSync(base);
    requireRoom(at(name));
    expect(readdirSync(base)).toEqual(before);
  },
);

test.each([
  ['run', 'RUN', /already holds a run/],
  ['own', 'RUN', /holds a training\.json that is not of a run/],
  ['broken', 'RUN', /holds a training\.json/],
  ['measured', 'RUN', /holds a metrics\.jsonl/],
  ['file', 'STORE', /file is not a folder/],
  ['file/under', 'STORE', /file is not a folder/],
])('there is none in %s', (name, code, message) => {
  expect(() => requireRoom(at(name))).toThrow(refusal(code, message));
  expect(existsSync(at('file/under'))).toBe(false);
});

// Whoever may do anything is not kept out.
test.runIf(process.getuid?.() !== 0)('there is none where nothing may be written', () => {
  for (const name of ['locked', 'locked/under'])
    expect(() => requireRoom(at(name))).toThrow(refusal('STORE', /may not be written to/));
});

test('no name is no folder', () => {
  for (const name of ['', ' ']) expect(() => requireRoom(name)).toThrow(refusal('USAGE', /--out/));
});
