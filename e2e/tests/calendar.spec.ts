import { expect, live, test } from './fixtures.ts';

interface Item {
  id: string;
  kind: string;
  title: string;
  at: string;
  entity_id: string;
}

// promise: K6
test('shows an SLA deadline, and in its drawer what it is', async ({ as }) => {
  const page = await as('analyst');
  const feed = (await (await page.request.get('/api/v1/calendar')).json()) as { items: Item[] };
  const due = feed.items.find((item) => item.kind === 'sla_due' && new Date(item.at) > new Date());
  expect(due, 'the demo has a finding with a deadline ahead').toBeDefined();

  const month = due?.at.slice(0, 7) ?? '';
  const requests: string[] = [];
  await page.goto(`/calendar?view=agenda&month=${month}`);
  await live(page);
  page.on('request', (request) => requests.push(request.url()));
  const item = page.getByTestId('calendar-item').and(page.locator('[data-kind=sla_due]'));
  await item
    .filter({ hasText: due?.title ?? '' })
    .first()
    .click();
  const drawer = page.getByRole('dialog', { name: 'SLA deadline' });
  await expect(drawer).toContainText(due?.title ?? '');
  await expect(drawer).toContainText('Company');
  expect(requests.filter((url) => url.includes('/findings/'))).toEqual([]);
  await drawer.getByRole('link', { name: 'Open the finding' }).click();
  await expect(page).toHaveURL(/\/findings\/[0-9a-f-]{36}$/);
});

test('a month can be gone through by keyboard, and a full day be opened', async ({ as }) => {
  const page = await as('manager');
  const feed = (await (await page.request.get('/api/v1/calendar')).json()) as { items: Item[] };
  const due = feed.items.filter((item) => item.kind === 'sla_due').at(-1);
  await page.goto(`/calendar?view=month&month=${due?.at.slice(0, 7) ?? ''}`);
  await expect(page.getByTestId('calendar-item').first()).toBeVisible();
  const heading = await page.getByRole('heading', { level: 2 }).innerText();
  await page.getByRole('button', { name: 'Next month' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 2 })).not.toHaveText(heading);
  await page.getByRole('button', { name: 'Previous month' }).click();
  await expect(page.getByRole('heading', { level: 2 })).toHaveText(heading);

  const more = page.getByRole('button', { name: /all \d+ items on/i }).filter({ visible: true });
  if ((await more.count()) > 0) {
    await more.first().click();
    await expect(page.getByRole('dialog').getByTestId('calendar-item').first()).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
});

// promise: K3
test('only mine leaves out what is not', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/calendar?view=agenda');
  const mine = page.getByRole('button', { name: 'Only mine' });
  await mine.click();
  await expect(page).toHaveURL(/mine=true/);
  await expect(mine).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('[data-kind=project_start], [data-kind=scan]')).toHaveCount(0);
});
