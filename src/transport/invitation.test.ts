import { describe, expect, test } from 'vitest';

import { formatInvitation, makeSecret, parseInvitation } from './invitation.ts';

describe('an invitation', () => {
  test.each(['192.168.1.7:7000', 'pi.local:1', '[fe80::1]:65535'])(
    'to %s comes back',
    (address) => {
      const invitation = { address, secret: makeSecret() };
      expect(parseInvitation(` ${formatInvitation(invitation)}\n`)).toEqual(invitation);
    },
  );

  test('has a secret of 128 bits that differs every time', () => {
    const secrets = Array.from({ length: 100 }, makeSecret);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(16);
  });

  test.each([
    ['', /without a secret/],
    ['192.168.1.7:7000', /without a secret/],
    ['192.168.1.7:7000#short', /secret that is none/],
    [`192.168.1.7:7000#${makeSecret()}#`, /secret that is none/],
    [`192.168.1.7#${makeSecret()}`, /HOST:PORT/],
  ])('that is malformed (%s) is refused', (text, message) => {
    expect(() => parseInvitation(text)).toThrow(
      expect.objectContaining({ code: 'ADDRESS', message: expect.stringMatching(message) }),
    );
  });
});
