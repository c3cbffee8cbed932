import { expect, it } from 'vitest';
import { agentOf } from './agent';

const chrome =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

it.each([
  [chrome, 'Chrome', 'Linux'],
  [chrome.replace('X11; Linux x86_64', 'Windows NT 10.0; Win64; x64') + ' Edg/140.0.0.0', 'Edge', 'Windows'],
  [chrome.replace('X11; Linux x86_64', 'Linux; Android 15; Pixel 9'), 'Chrome', 'Android'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0',
    'Firefox',
    'macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    'Safari',
    'iPhone',
  ],
  ['curl/8.14.1', 'curl', null],
  ['<script>alert(1)</script>', null, null],
  [null, null, null],
])('reads %s', (text, browser, system) => {
  expect(agentOf(text)).toEqual({ browser, system });
});
