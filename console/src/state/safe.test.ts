import { expect, it } from 'vitest';
import { HOME, safePath } from './safe';

it('returns only to local pages', () => {
  expect(safePath('/findings/f?status=open')).toBe('/findings/f?status=open');
  const hostile = [
    null,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\n//evil.example',
    '/\u0000/evil.example',
    '/sign-in?next=/x',
    '/',
  ];
  for (const path of hostile) expect(safePath(path), JSON.stringify(path)).toBe(HOME);
});
