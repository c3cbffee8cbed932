import { defineConfig } from '@playwright/test';

/** What all that drives a browser here has in common. */
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
    // Recording takes as long as the test itself: TRACE=1 to look into one.
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
  // Each worker has one server for all its tests, as people share one: nothing may depend on being alone.
  workers: 2,
  projects: [
    // First what takes longest, so that no worker waits for another in the end.
    { name: 'looks', testMatch: LOOKS },
    { name: 'pages', testIgnore: [LOOKS, TIMED] },
    // What says how long something may take runs after the others, by itself.
    { name: 'timed', testMatch: TIMED, workers: 1, dependencies: ['looks', 'pages'] },
  ],
});
