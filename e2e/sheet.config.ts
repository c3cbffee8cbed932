/** `npm run sheet`: redraws the picture of the README. */

import { defineConfig } from '@playwright/test';
import { common } from './playwright.config.ts';

export default defineConfig(common, { testDir: 'sheet', outputDir: 'out/sheet-traces' });
