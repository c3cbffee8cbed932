import { defineConfig } from '@playwright/test';

/** Settings shared by everything here that drives a browser. */
export const common = defineConfig({
  outputDir: 'out/traces',
  workers: 1,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    // Recording takes as long as the test itself: set TRACE=1 to record.
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
    screenshot: 'only-on-failure',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    launchOptions: {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});

const LOOKS = /pages\.spec\.ts$/;
const TIMED = /(lid|tabs)\.spec\.ts$/;

export default defineConfig(common, {
  testDir: 'tests',
  // Each worker has one server for all its tests, as users share one: no test may rely on being alone.
  workers: 2,
  projects: [
    // The slowest first, so that no worker waits for another at the end.
    { name: 'looks', testMatch: LOOKS },
    { name: 'pages', testIgnore: [LOOKS, TIMED] },
    // Tests with time limits run after the others, alone.
    { name: 'timed', testMatch: TIMED, workers: 1, dependencies: ['looks', 'pages'] },
  ],
});
