import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { isSecret } from '../transport/invitation.ts';
import { forgetSecret, studySecret } from './study-secret.ts';

const root = mkdtempSync(join(tmpdir(), 'ringtmp-secret-'));
afterAll(() => rmSync(root, { recursive: true }));

test('a study keeps its secret until it is complete, for its user alone to read', async () => {
  const folder = join(root, 'study');
  const secret = await studySecret(folder);
  expect(isSecret(secret)).toBe(true);
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
  expect(await studySecret(folder)).toBe(secret);
  await forgetSecret(folder);
  expect(await studySecret(folder)).not.toBe(secret);
});

test('a file that holds no secret is replaced', async () => {
  writeFileSync(join(root, 'secret'), 'hush', { mode: 0o644 });
  const secret = await studySecret(root);
  expect(readFileSync(join(root, 'secret'), 'utf8').trim()).toBe(secret);
  expect(statSync(join(root, 'secret')).mode & 0o777).toBe(0o600);
});

test('a folder that cannot be made is told in one line', async () => {
  writeFileSync(join(root, 'file'), '');
  await expect(studySecret(join(root, 'file', 'study'))).rejects.toMatchObject({
    code: 'STORE',
    message: expect.stringMatching(/secret cannot be written .*--out/) as string,
  });
});
