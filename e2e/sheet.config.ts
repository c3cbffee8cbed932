/** `npm run sheet`: draws the picture of the README anew. */

import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

export default defineConfig(tests, { testDir: 'sheet', outputDir: 'out/sheet-traces' });
