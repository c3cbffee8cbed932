/** `npm run speed`: measures how quickly the console responds while events pour in. */

import { defineConfig } from '@playwright/test';
import { common } from './playwright.config.ts';

export default defineConfig(common, {
  testDir: 'speed',
  timeout: 600_000,
  // A trace copies the page at every press, which takes longer than the page itself.
  use: { trace: 'off' },
});
