/** Bulk changes of findings: selected by pointer and keyboard, assigned, moved to another status, undone. */

import type { Page } from '@playwright/test';
import { company, expect, live, mark, post, sameDocument, test } from './fixtures.ts';

const stamp = Date.now().toString(36);

interface Made {
  id: string;
  title: string;
}

const rows = (page: Page) => page.getByTestId('finding');
const row = (page: Page, { title }: Made) => rows(page).filter({ hasText: title });
const box = (page: Page, { title }: Made) => page.getByRole('checkbox', { name: `Select: ${title}` });
const bar = (page: Page) => page.getByRole('region', { name: 'Selected findings' });
const undo = (page: Page) => page.getByRole('group', { name: 'Done' });

/** The findings of one test, in the order of its list: newest first. */
async function made(page: Page, words: string, many: number): Promise<Made[]> {
  const company_id = await company(page);
  const all: Made[] = [];
  for (let n = 1; n <= many; n += 1) {
    const title = `${words} ${stamp} number ${String(n)}`;
    const { id } = await post<{ id: string }>(page, '/findings', { company_id, title, severity: 'medium' });
    all.unshift({ id, title });
  }
  return all;
}

/** The list of these findings, live. */
async function listed(page: Page, words: string, findings: Made[]): Promise<void> {
  await page.goto(`/findings?sort=newest&text=${encodeURIComponent(`${words} ${stamp}`)}`);
  await live(page);
  await expect(rows(page).getByRole('link')).toHaveText(findings.map(({ title }) => title));
  await mark(page);
}

const moves = (page: Page, status: string) =>
  bar(page).getByLabel('Change status to').selectOption({ label: status });

test('rows are selected one by one, as a range with Shift, and all at once', async ({ as }) => {
  const page = await as('analyst');
  const [first, second, third, fourth] = (await made(page, 'Picked', 4)) as [Made, Made, Made, Made];
  const all = [first, second, third, fourth];
  await listed(page, 'Picked', all);
  await expect(bar(page)).toHaveCount(0);

  await box(page, first).check();
  await expect(bar(page)).toContainText('1 selected');
  await box(page, third).click({ modifiers: ['Shift'] });
  await expect(bar(page)).toContainText('3 selected');
  for (const one of [first, second, third]) await expect(box(page, one)).toBeChecked();
  await expect(box(page, fourth)).not.toBeChecked();
  await box(page, second).uncheck();
  await expect(bar(page)).toContainText('2 selected');

  await bar(page).getByRole('button', { name: 'Select all 4 shown' }).click();
  await expect(bar(page)).toContainText('4 selected');
  for (const one of all) await expect(box(page, one)).toBeChecked();
  await expect(bar(page).getByRole('button', { name: /^Select all/ })).toHaveCount(0);
  await bar(page).getByRole('button', { name: 'Clear selection' }).click();
  await expect(bar(page)).toHaveCount(0);
  for (const one of all) await expect(box(page, one)).not.toBeChecked();
  await expect(page, 'a checkbox does not open its row').toHaveURL(/\/findings\?/);
});

test('two findings are assigned together and undone, and another list follows', async ({ as, newcomer }) => {
  const [page, other] = [await as('manager'), await as('viewer')];
  const bea = await newcomer(`Bea ${stamp}`, 'analyst');
  const cem = await newcomer(`Cem ${stamp}`, 'analyst');
  const [first, second, third] = (await made(page, 'Handed', 3)) as [Made, Made, Made];
  await post(page, `/findings/${second.id}/assignees`, { user_ids: [cem.id], team_ids: [] });
  for (const one of [page, other]) await listed(one, 'Handed', [first, second, third]);

  await box(page, first).check();
  await box(page, second).check();
  await bar(page).getByRole('button', { name: 'Assign' }).click();
  const picker = page.getByRole('dialog', { name: 'Assign 2 findings' });
  await picker.getByLabel('Search people and teams').fill(bea.name);
  await picker.getByRole('checkbox', { name: bea.name }).check();
  await picker.getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(undo(page)).toContainText('2 findings assigned.');
  await expect(picker).toHaveCount(0);
  await expect(bar(page)).toHaveCount(0);
  for (const who of [page, other]) {
    for (const one of [first, second]) await expect(row(who, one)).toContainText(bea.name);
    await expect(row(who, second)).not.toContainText(cem.name);
    await expect(row(who, third)).not.toContainText(bea.name);
  }

  await undo(page).getByRole('button', { name: 'Undo' }).click();
  await expect(undo(page)).toHaveCount(0);
  for (const who of [page, other]) {
    for (const one of [first, second]) await expect(row(who, one)).not.toContainText(bea.name);
    await expect(row(who, second)).toContainText(cem.name);
    await sameDocument(who);
  }
});

test('two findings are selected, changed and undone by keyboard alone', async ({ as }) => {
  const [page, other] = [await as('analyst'), await as('viewer')];
  const [first, second, third] = (await made(page, 'Keyed', 3)) as [Made, Made, Made];
  for (const one of [page, other]) await listed(one, 'Keyed', [first, second, third]);
  const link = (one: Made) => row(page, one).getByRole('link');

  await page.keyboard.press('j');
  await expect(link(first)).toBeFocused();
  await page.keyboard.press('x');
  await expect(box(page, first)).toBeChecked();
  for (const key of ['j', 'j']) await page.keyboard.press(key);
  await expect(link(third)).toBeFocused();
  await page.keyboard.press('x');
  await expect(bar(page)).toContainText('2 selected');
  await page.keyboard.press('k');
  await expect(link(second)).toBeFocused();
  await page.keyboard.press('x');
  await expect(bar(page)).toContainText('3 selected');
  await page.keyboard.press('x');
  await expect(bar(page)).toContainText('2 selected');
  await expect(box(page, second)).not.toBeChecked();

  await moves(page, 'In progress');
  await expect(undo(page)).toContainText('2 findings changed to In progress.');
  for (const who of [page, other]) {
    for (const one of [first, third]) await expect(row(who, one)).toContainText('In progress');
    await expect(row(who, second)).toContainText('Open');
  }
  const back = undo(page).getByRole('button', { name: 'Undo' });
  await back.focus();
  await page.keyboard.press('Enter');
  await expect(undo(page)).toHaveCount(0);
  for (const who of [page, other]) {
    for (const one of [first, second, third]) await expect(row(who, one)).toContainText('Open');
    await sameDocument(who);
  }
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(first.title);
});

test('findings that leave the filter disappear from every list, and undo restores them', async ({ as }) => {
  const [page, other] = [await as('analyst'), await as('manager')];
  const [first, second, third] = (await made(page, 'Shut', 3)) as [Made, Made, Made];
  await post(page, `/findings/${second.id}/status`, { status: 'in_progress' });
  for (const one of [page, other]) await listed(one, 'Shut', [first, second, third]);
  await box(page, first).check();
  await box(page, second).check();
  // Only statuses allowed for both are offered: Open cannot change to Retest.
  await expect(bar(page).getByRole('option', { name: 'Retest' })).toHaveCount(0);
  // Accepting a risk needs an approval, and closing statuses need a reason.
  await expect(bar(page).getByRole('option', { name: 'Accepted risk' })).toHaveCount(0);
  await moves(page, 'False positive');
  const why = page.getByRole('dialog');
  await why.getByRole('button', { name: 'Change status to False positive' }).click();
  await expect(why).toContainText('Enter a reason.');
  await why.getByLabel('Reason').fill('Test fixtures.');
  await why.getByRole('button', { name: 'Change status to False positive' }).click();
  await expect(undo(page)).toContainText('2 findings changed to False positive.');
  for (const who of [page, other]) await expect(rows(who).getByRole('link')).toHaveText([third.title]);

  await undo(page).getByRole('button', { name: 'Undo' }).click();
  await expect(undo(page)).toHaveCount(0);
  for (const who of [page, other]) {
    await expect(rows(who)).toHaveCount(3);
    await expect(row(who, first)).toContainText('Open');
    await expect(row(who, second)).toContainText('In progress');
    await sameDocument(who);
  }
});

test('a viewer has no checkboxes to select rows', async ({ as }) => {
  const page = await as('viewer');
  const [first] = (await made(await as('analyst'), 'Seen', 1)) as [Made];
  await listed(page, 'Seen', [first]);
  await expect(page.getByRole('main').getByRole('checkbox')).toHaveCount(0);
  await page.keyboard.press('j');
  await expect(row(page, first).getByRole('link')).toBeFocused();
  await page.keyboard.press('x');
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(help.getByText('Next row')).toBeVisible();
  await expect(help.getByText('Select the row')).toHaveCount(0);
  await expect(bar(page)).toHaveCount(0);
});
