/** The dashboard: its numbers match the API, link to what they count, and update live. */

import type { Page } from '@playwright/test';
import { company, expect, get, live, mark, post, sameDocument, test, type Who } from './fixtures.ts';

const stamp = Date.now().toString(36);
const ZONE = 'Europe/Berlin';

interface Dashboard {
  open: { severity: string; count: number }[];
  sla: { breached: number; due_in_7_days: number };
  trend: { date: string; opened: number; closed: number; open: number }[];
  scans: { running: number; scheduled: number };
  approvals_waiting: number;
}

const NAMES: Record<string, string> = {
  urgent: 'Urgent',
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  informational: 'Info',
};

const counts = (page: Page) => get<Dashboard>(page, `/dashboard?tz=${ZONE}`);
const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
const number = (value: number) => value.toLocaleString('en');

/** The number of a tile. */
const tile = (page: Page, name: string) =>
  page
    .getByRole('main')
    .getByRole('link', { name: new RegExp(`^${name}`) })
    .locator('strong');
const bars = (page: Page) =>
  page.getByRole('region', { name: 'Open findings by severity' }).getByRole('link');
const bar = (page: Page, severity: string) => bars(page).filter({ hasText: NAMES[severity] ?? severity });
const newest = (page: Page, title: string) =>
  page.getByRole('region', { name: 'Recent activity' }).getByTestId('activity').filter({ hasText: title });

async function at(page: Page): Promise<Page> {
  await page.goto('/dashboard');
  await live(page);
  await expect(tile(page, 'Open findings')).toBeVisible();
  await mark(page);
  return page;
}

for (const who of ['viewer', 'analyst', 'manager', 'admin'] as const satisfies Who[]) {
  test(`shows the ${who} the numbers from the API`, async ({ as }) => {
    const page = await at(await as(who));
    const said = await counts(page);
    await expect(tile(page, 'Open findings')).toHaveText(number(sum(said.open.map(({ count }) => count))));
    await expect(tile(page, 'SLA breached')).toHaveText(number(said.sla.breached));
    await expect(tile(page, 'Due in 7 days')).toHaveText(number(said.sla.due_in_7_days));
    await expect(tile(page, 'Scans running')).toHaveText(number(said.scans.running));
    await expect(tile(page, 'Pending approvals')).toHaveText(number(said.approvals_waiting));
    await expect(bars(page)).toHaveCount(6);
    for (const { severity, count } of said.open) {
      await expect(bar(page, severity).locator('.numbers')).toHaveText(number(count));
    }
    expect(sum(said.open.map(({ count }) => count)), 'there is something to count').toBeGreaterThan(0);
  });
}

test('someone else’s finding updates the numbers and the recent activity live', async ({ as }) => {
  const [page, analyst] = [await at(await as('manager')), await as('analyst')];
  const before = await counts(page);
  const open = sum(before.open.map(({ count }) => count));
  const urgent = before.open.find(({ severity }) => severity === 'urgent')?.count ?? 0;
  await expect(tile(page, 'Open findings')).toHaveText(number(open));
  const title = `Dashboard ${stamp} <b>hot</b>`;
  const { id } = await post<{ id: string }>(analyst, '/findings', {
    company_id: await company(analyst),
    title,
    severity: 'urgent',
    sla_due_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  await expect(tile(page, 'Open findings')).toHaveText(number(open + 1));
  await expect(bar(page, 'urgent').locator('.numbers')).toHaveText(number(urgent + 1));
  await expect(tile(page, 'Due in 7 days')).toHaveText(number(before.sla.due_in_7_days + 1));
  const found = newest(page, title).filter({ hasText: 'New finding by Ana Analyst' });
  await expect(found).toContainText('Urgent');

  for (const status of ['in_progress', 'retest', 'closed']) {
    await post(analyst, `/findings/${id}/status`, { status });
  }
  await expect(tile(page, 'Open findings')).toHaveText(number(open));
  await expect(bar(page, 'urgent').locator('.numbers')).toHaveText(number(urgent));
  await expect(newest(page, title).first()).toContainText('Status changed by Ana Analyst');
  await sameDocument(page);

  await newest(page, title).first().getByRole('link').first().click();
  await expect(page).toHaveURL(new RegExp(`/findings/${id}$`));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
});

test('each bar links to a list with that many findings', async ({ as }) => {
  const page = await at(await as('analyst'));
  for (const { severity, count } of (await counts(page)).open) {
    await bar(page, severity).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Findings');
    await expect(page).toHaveURL(new RegExp(`severity=${severity}`));
    if (count === 0) {
      await expect(page.getByText('No findings match')).toBeVisible();
    } else if (count <= 50) {
      const words = count === 1 ? '1 finding' : `${String(count)} findings`;
      await expect(page.getByText(words, { exact: true })).toBeVisible();
      await expect(page.getByTestId('finding').first()).toContainText(NAMES[severity] ?? '');
    } else {
      await expect(page.getByText(/^\d+\+ findings$/)).toBeVisible();
    }
    await page.goBack();
    await expect(bars(page)).toHaveCount(6);
  }
});

test('the chart has a table with the same numbers', async ({ as }) => {
  const page = await at(await as('analyst'));
  const { trend } = await counts(page);
  const part = page.getByRole('region', { name: 'Last 30 days' }).first();
  const [opened, closed] = [sum(trend.map((day) => day.opened)), sum(trend.map((day) => day.closed))];
  const words = `to ${String(trend.at(-1)?.open)}: ${String(opened)} new, ${String(closed)} closed.`;
  await expect(part.getByRole('img')).toHaveAccessibleName(new RegExp(words));
  await part.getByRole('button', { name: 'Show table' }).click();
  await expect(part.getByRole('img')).toHaveCount(0);
  await expect(part.getByRole('columnheader')).toHaveText(['Day', 'New', 'Closed', 'Open']);
  const rows = part.locator('tbody tr');
  await expect(rows).toHaveCount(trend.length);
  const shown = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent))),
  );
  expect(shown).toEqual(trend.toReversed().map((day) => [day.opened, day.closed, day.open]));
  expect(opened, 'something was opened in these days').toBeGreaterThan(0);
  await part.getByRole('button', { name: 'Show chart' }).click();
  await expect(part.getByRole('img')).toBeVisible();
});

test('the tile of running scans follows a scan that starts and completes', async ({ as }) => {
  const [page, analyst] = [await at(await as('viewer')), await as('analyst')];
  const { running, scheduled } = (await counts(page)).scans;
  const name = `Nightly ${stamp}`;
  const link = page.getByRole('main').getByRole('link', { name: /^Scans running/ });
  const { id } = await post<{ id: string }>(analyst, '/scans', {
    company_id: await company(analyst),
    name,
    scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  await expect(link).toContainText(`${String(scheduled + 1)} scheduled`);

  await analyst.goto(`/scans/${id}`);
  await analyst.getByRole('button', { name: 'Start now' }).click();
  await expect(tile(page, 'Scans running')).toHaveText(number(running + 1));
  await expect(newest(page, name).first()).toContainText('Scan started by Ana Analyst');
  await analyst.getByRole('button', { name: 'Mark completed' }).click();
  await expect(tile(page, 'Scans running')).toHaveText(number(running));
  await expect(newest(page, name).first()).toContainText('Scan completed by Ana Analyst');
  await sameDocument(page);
  await link.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Scans');
});

test('the recent activity has a dozen rows, each linking to its record', async ({ as }) => {
  const page = await at(await as('analyst'));
  const company_id = await company(page);
  const made: string[] = [];
  for (let n = 0; n < 13; n += 1) {
    const name = `Host ${String(n)} ${stamp}`;
    await post(page, '/assets', { company_id, name, kind: 'host', criticality: 'low' });
    made.unshift(name);
  }
  const rows = page.getByRole('region', { name: 'Recent activity' }).getByTestId('activity');
  await expect(rows.first()).toContainText(made[0] ?? '');
  await expect(rows).toHaveCount(12);
  await expect(rows.getByRole('link')).toHaveText(made.slice(0, 12));
  await rows.getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(made[0] ?? '');
});
