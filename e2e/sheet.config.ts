/** `npm run sheet`: draws the picture of the README anew. */

import { defineConfig } from '@playwright/test';
import { common } from './playwright.config.ts';

export default defineConfig(common, { testDir: 'sheet', outputDir: 'out/sheet-traces' });
