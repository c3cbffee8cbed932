/** Ownership: the rules of a company, owners and tags of its records. */

import type { Page } from '@playwright/test';
import { company, expect, get, live, post, put, test } from './fixtures.ts';
import { newProject } from './reports.ts';

const stamp = Date.now().toString(36);
const rules = (page: Page) => page.getByTestId('ownership-rule');
const dialog = (page: Page) => page.getByRole('dialog');

interface Rule {
  match: Record<string, string>;
}
const saved = async (page: Page): Promise<Rule[]> =>
  (await get<{ items: Rule[] }>(page, `/companies/${await company(page)}/ownership-rules`)).items;

/** The page with no rules: others share the server. */
async function empty(page: Page): Promise<void> {
  await page.goto('/settings/ownership');
  await live(page);
  await put(page, `/companies/${await company(page)}/ownership-rules`, { items: [] });
  await page.reload();
  await expect(page.getByText('No ownership rules')).toBeVisible();
}

async function add(page: Page, field: string, text: string, person: RegExp): Promise<void> {
  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog(page).getByLabel(field, { exact: true }).fill(text);
  await dialog(page).getByRole('checkbox', { name: person }).check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page)).toHaveCount(0);
}

// promise: O1
test('a manager writes ownership rules, puts them in order by keyboard, and deletes one', async ({ as }) => {
  const page = await as('manager');
  await empty(page);
  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog(page).getByLabel('Path').fill('src/payments/**');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByText('Select at least one person or team.')).toBeVisible();
  await dialog(page).getByLabel('Minimum severity').selectOption('high');
  await dialog(page)
    .getByRole('checkbox', { name: /Ana Analyst/ })
    .check();
  await dialog(page)
    .getByRole('checkbox', { name: /Web team/ })
    .check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(rules(page)).toHaveCount(1);
  await expect(rules(page).first()).toContainText('src/payments/**');
  await expect(rules(page).first()).toContainText('High');
  await expect(rules(page).first()).toContainText('Web team');

  await add(page, 'Tool', 'semgrep', /Mara Manager/);
  const up = page.getByRole('button', { name: 'Move rule 2 up' });
  await up.focus();
  await page.keyboard.press('Enter');
  await expect(rules(page).first()).toContainText('semgrep');
  await expect(page.getByText('Moved to position 1.')).toBeAttached();
  // It is the first now: the focus is on the button that still works.
  await expect(page.getByRole('button', { name: 'Move rule 1 down' })).toBeFocused();
  expect((await saved(page)).map(({ match }) => match.tool ?? match.path)).toEqual([
    'semgrep',
    'src/payments/**',
  ]);
  await page.reload();
  await expect(rules(page).first()).toContainText('semgrep');

  await page.getByRole('button', { name: 'Delete rule 1' }).click();
  await page.getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(rules(page)).toHaveCount(1);
  await expect(rules(page).first()).toContainText('src/payments/**');
});

test('an invalid pattern is rejected at its field, and a rule below a catch-all is marked', async ({
  as,
}) => {
  const page = await as('manager');
  await empty(page);
  await page.getByRole('button', { name: 'New rule' }).click();
  await dialog(page).getByLabel('Path').fill('src/[');
  await dialog(page)
    .getByRole('checkbox', { name: /Ana Analyst/ })
    .check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(page).getByLabel('Path')).toHaveAttribute('aria-invalid', 'true');
  await dialog(page).getByLabel('Path').fill('');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(rules(page)).toContainText(['Every finding']);
  await add(page, 'Tag', 'pci', /Ana Analyst/);
  await expect(rules(page).nth(1)).toContainText('Never applies');
});

test('a CODEOWNERS file shows its rules and what could not be mapped, before it is saved', async ({ as }) => {
  const page = await as('manager');
  await empty(page);
  await add(page, 'Tool', 'trivy', /Ana Analyst/);
  await page.getByRole('button', { name: 'Import CODEOWNERS' }).click();
  await dialog(page)
    .locator('input[type=file]')
    .setInputFiles({
      name: 'CODEOWNERS',
      mimeType: 'text/plain',
      buffer: Buffer.from(
        '*.rs analyst@demo.test\nsrc/pay/ manager@demo.test @acme/web-team\n/docs/ @nobody\n',
      ),
    });
  await expect(dialog(page).getByLabel('File contents')).toHaveValue(/\*\.rs/);
  await dialog(page).getByRole('button', { name: 'Preview' }).click();
  await expect(dialog(page).getByRole('heading', { name: '2 rules' })).toBeVisible();
  // In the file the last matching line applies, here the first matching rule.
  await expect(dialog(page).getByTestId('ownership-rule').first()).toContainText('src/pay/');
  await expect(dialog(page).getByTestId('unmapped')).toContainText('@nobody');
  expect(await saved(page)).toHaveLength(1);
  await dialog(page).getByRole('radio', { name: 'Keep the 1 existing rule below' }).check();
  await dialog(page).getByRole('button', { name: 'Save 2 rules' }).click();
  await expect(rules(page)).toHaveCount(3);
  await expect(rules(page).nth(2)).toContainText('trivy');
});

// promise: O1
test('a finding assigned by a rule names the rule, and links its tags', async ({ as }) => {
  const page = await as('manager');
  await empty(page);
  await add(page, 'Tag', `pay-${stamp}`, /Ana Analyst/);
  const { id } = await post<{ id: string }>(page, '/findings', {
    company_id: await company(page),
    title: `Owned by rule ${stamp}`,
    severity: 'low',
    tags: [`pay-${stamp}`],
  });
  await page.goto(`/findings/${id}`);
  await expect(page.getByTestId('assignees')).toContainText('Ana Analyst');
  await expect(page.getByTestId('history')).toContainText(`Assigned by ownership rule 1 (tag pay-${stamp})`);
  await page.getByRole('link', { name: `pay-${stamp}` }).click();
  await expect(page).toHaveURL(new RegExp(`tag=pay-${stamp}`));
  await expect(page.getByTestId('finding')).toHaveCount(1);
  await page.getByRole('button', { name: `Remove filter: Tag: pay-${stamp}` }).click();
  await expect(page).not.toHaveURL(/tag=/);
  await put(page, `/companies/${await company(page)}/ownership-rules`, { items: [] });
});

test('a project and an asset have owners and tags, set in their forms', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/inbox');
  const { id } = await newProject(page, 'Owned');
  await page.goto(`/projects/${id}`);
  await expect(page.getByRole('main')).toContainText('Owners');
  await page.getByRole('button', { name: 'Edit' }).click();
  const owners = dialog(page).getByRole('group', { name: 'Owners' });
  await owners.getByRole('checkbox', { name: /Ana Analyst/ }).check();
  await owners.getByRole('checkbox', { name: /Web team/ }).check();
  await dialog(page).getByLabel('Tags').fill('pci, web');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  const main = page.getByRole('main');
  await expect(main).toContainText('Ana Analyst');
  await expect(main).toContainText('Web team');
  await expect(main.getByRole('link', { name: 'pci' })).toBeVisible();
  await page.reload();
  await expect(main).toContainText('Web team');
  await main.getByRole('link', { name: 'Ownership rules' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ownership');

  const asset = await post<{ id: string }>(page, '/assets', {
    company_id: await company(page),
    name: `Owned asset ${stamp}`,
    kind: 'host',
  });
  await page.goto(`/assets/${asset.id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog(page)
    .getByRole('group', { name: 'Owners' })
    .getByRole('checkbox', { name: /Mara Manager/ })
    .check();
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await expect(main).toContainText('Mara Manager');
});
