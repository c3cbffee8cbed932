/** Draws docs/img/console.png: the pages of the README, with the demo company and one imported report. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from '@playwright/test';
import { expect, live, test, type Who } from '../tests/fixtures.ts';
import { settled } from '../tests/looks.ts';
import { small } from './png.ts';

const SHEET = fileURLToPath(new URL('../../docs/img/console.png', import.meta.url));
const REPORT = readFileSync(new URL('../samples/codeQL-output.sarif', import.meta.url));

interface Shot {
  who: Who;
  path: string | ((page: Page) => Promise<string>);
  look: BrowserContextOptions;
  then?: (page: Page) => Promise<unknown>;
}

const light: BrowserContextOptions = { colorScheme: 'light', viewport: { width: 1360, height: 860 } };
const dark: BrowserContextOptions = { ...light, colorScheme: 'dark' };
const phone: BrowserContextOptions = { colorScheme: 'light', viewport: { width: 390, height: 844 } };
const nightPhone: BrowserContextOptions = { ...phone, colorScheme: 'dark' };

async function first(page: Page, list: string): Promise<Record<string, string>> {
  const found = (await (await page.request.get(`/api/v1/${list}`)).json()) as {
    items: Record<string, string>[];
  };
  const one = found.items[0];
  expect(one, list).toBeDefined();
  return one ?? {};
}

const worst = async (page: Page) => `/findings/${(await first(page, 'findings?sort=-severity&limit=1')).id}`;
const event = async (page: Page) => `/settings/events/${(await first(page, 'deliveries?limit=1')).event_id}`;
const nextMonth = () => {
  const next = new Date();
  next.setMonth(next.getMonth() + 1, 1);
  return Promise.resolve(`/calendar?view=month&month=${next.toISOString().slice(0, 7)}`);
};
const bell = (page: Page) => page.getByRole('button', { name: /^Notifications/ }).click();

const palette = async (page: Page) => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type('sql');
  await expect(page.getByRole('option', { name: /SQL injection/ }).first()).toBeVisible();
};
const select = async (page: Page) => {
  for (const at of [0, 1, 2]) await page.getByTestId('finding').getByRole('checkbox').nth(at).check();
};

/** Each row is as high as its pictures need to fill it. */
const rows: Shot[][] = [
  [
    { who: 'manager', path: '/dashboard', look: light },
    { who: 'manager', path: worst, look: dark },
  ],
  [
    { who: 'manager', path: nextMonth, look: light },
    { who: 'analyst', path: '/findings', look: phone, then: bell },
    { who: 'analyst', path: worst, look: nightPhone },
    { who: 'manager', path: '/scans', look: dark },
  ],
  [
    { who: 'admin', path: event, look: light },
    { who: 'analyst', path: '/findings', look: phone },
    { who: 'analyst', path: '/calendar?view=agenda', look: nightPhone },
    { who: 'analyst', path: '/settings/notifications', look: dark },
  ],
  [
    { who: 'manager', path: '/findings', look: dark, then: select },
    { who: 'analyst', path: '/dashboard', look: nightPhone },
    { who: 'admin', path: '/settings/destinations', look: phone },
    { who: 'manager', path: '/assets', look: light, then: palette },
  ],
];

async function importReport(page: Page): Promise<void> {
  const { companies } = (await (await page.request.get('/api/v1/me')).json()) as {
    companies: { id: string; role: string }[];
  };
  const company = companies.find(({ role }) => role === 'manager')?.id ?? '';
  const project = await first(page, `projects?company_id=${company}&limit=1`);
  const made = await page.request.post(
    `/api/v1/scans/import?company_id=${project.company_id}&project_id=${project.id}`,
    {
      data: REPORT,
      headers: { origin: new URL(page.url()).origin, 'content-type': 'application/octet-stream' },
    },
  );
  expect(made.ok()).toBe(true);
}

test('draws the sheet', async ({ as, browser }) => {
  test.setTimeout(180_000);
  const manager = await as('manager');
  await manager.goto('/scans');
  await importReport(manager);

  const lines: string[] = [];
  for (const row of rows) {
    const pictures: string[] = [];
    for (const { who, path, look, then } of row) {
      const page = await as(who, look);
      await page.goto(typeof path === 'string' ? path : await path(page));
      await live(page);
      await settled(page);
      await then?.(page);
      if (then) await settled(page);
      const png = (await page.screenshot()).toString('base64');
      const { width, height } = look.viewport ?? { width: 1, height: 1 };
      pictures.push(`<img style="flex: ${width / height} 1 0" src="data:image/png;base64,${png}">`);
      await page.close();
    }
    lines.push(`<div>${pictures.join('')}</div>`);
  }
  const table = await (await browser.newContext({ viewport: { width: 2000, height: 900 } })).newPage();
  await table.setContent(`<style>
    body { margin: 0; padding: 20px; background: #8a938f; }
    div { display: flex; gap: 20px; align-items: flex-start; }
    div + div { margin-top: 20px; }
    img { display: block; min-width: 0; border-radius: 8px; }
  </style>${lines.join('')}`);
  await table.waitForFunction(() => [...document.images].every((one) => one.complete));
  const sheet = await small(table, await table.screenshot({ fullPage: true }));
  await table.context().close();
  expect(sheet.length, 'the sheet is below a megabyte').toBeLessThan(1_000_000);
  writeFileSync(SHEET, sheet);
  console.log(`    ${SHEET}: ${Math.round(sheet.length / 1000)} kB`);
});
