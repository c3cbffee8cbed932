/** The user's own settings, the managers' settings of their company, and the administrators' pages. */

import { expect, test } from './fixtures.ts';

const stamp = Date.now().toString(36);

test('an analyst sees their role, and an invalid password is rejected at its field', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings');
  await expect(page.getByRole('heading', { level: 1, name: 'Profile' })).toBeVisible();
  await expect(page.getByTestId('role').first()).toContainText('Analyst');
  await expect(page.getByLabel('Email')).toHaveValue('analyst@demo.test');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Enter your current password.')).toBeVisible();
  await page.getByLabel('New password', { exact: true }).fill('short');
  await expect(page.getByText('Use at least 12 characters.')).toBeVisible();
  await page.getByLabel('Confirm new password').fill('other');
  await expect(page.getByText('Passwords don’t match.')).toBeVisible();
});

test('a theme chosen in the profile applies to the whole page', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings/profile');
  await page.getByRole('region', { name: 'Theme' }).getByRole('button', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('region', { name: 'Theme' }).getByRole('button', { name: 'System' }).click();
  await expect(page.locator('html')).not.toHaveAttribute('data-theme');
});

test('a token is shown once, works, and stops working when it is revoked', async ({ as, server }) => {
  const page = await as('analyst');
  await page.goto('/settings/access');
  await page.getByRole('button', { name: 'Create token' }).click();
  await expect(page.getByText('Name the token so you can recognize it.')).toBeVisible();
  const name = `Pipeline ${stamp}`;
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Expires').selectOption({ label: 'After 30 days' });
  await page.getByRole('button', { name: 'Create token' }).click();
  const token = await page.getByRole('textbox', { name: 'Token' }).inputValue();
  const row = page.getByTestId('token').filter({ hasText: name });
  await expect(row).toContainText('never used');
  const call = () => fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  expect((await call()).status).toBe(200);

  await page.reload();
  await expect(row).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Token' })).toHaveCount(0);
  await row.getByRole('button', { name: `Revoke the token ${name}` }).click();
  await row.getByRole('button', { name: 'Revoke? Click again' }).click();
  await expect(row).toHaveCount(0);
  expect((await call()).status).toBe(401);
});

test('a calendar feed is created and revoked in the settings', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/settings/feeds');
  const name = `Deadlines ${stamp}`;
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Create feed' }).click();
  await expect(page.getByRole('textbox', { name: 'Feed URL' })).toHaveValue(/calendar\.ics\?key=/);
  const row = page.getByTestId('feeds').getByRole('listitem').filter({ hasText: name });
  await row.getByRole('button', { name: `Revoke the feed ${name}` }).click();
  await row.getByRole('button', { name: 'Revoke? Click again' }).click();
  await expect(page.getByText(name)).toHaveCount(0);
});

test('a manager sets the SLA of a company and resets it to the defaults; an analyst has no such page', async ({
  as,
}) => {
  const page = await as('manager');
  await page.goto('/settings/sla');
  const days = page.getByLabel('Medium: days');
  await days.fill('many');
  const form = page.getByRole('form', { name: 'Days until the deadline' });
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form.getByText('Enter a whole number from 0 to 3,650.')).toBeVisible();
  await expect(form.getByText('Platform default: 2 days.')).toBeVisible();
  await days.fill('45');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form.getByText('Saved.')).toBeVisible();
  await page.reload();
  await expect(days).toHaveValue('45');
  await form.getByRole('button', { name: 'Reset to defaults' }).click();
  await expect(days).toHaveValue('');

  const warnings = page.getByRole('form', { name: 'Warnings' });
  await warnings.getByRole('radio', { name: 'Custom' }).check();
  await warnings.getByLabel('Hours before the deadline').fill('2, 48');
  await warnings.getByRole('button', { name: 'Save' }).click();
  await expect(warnings.getByText('Saved.')).toBeVisible();
  await page.reload();
  await expect(warnings.getByLabel('Hours before the deadline')).toHaveValue('48, 2');
  await warnings.getByRole('radio', { name: /default/ }).check();
  await warnings.getByRole('button', { name: 'Save' }).click();
  await expect(warnings.getByText('Saved.')).toBeVisible();

  const analyst = await as('analyst');
  await analyst.goto('/settings/sla');
  await expect(analyst.getByText('Page not found').first()).toBeVisible();
});

test('a rule is previewed before it is saved: messages per day and their recipients', async ({ as }) => {
  const page = await as('admin');
  await page.goto('/settings/rules');
  const rules = page.getByTestId('rule');
  await expect(rules.first()).toBeVisible();
  const before = await rules.count();
  await page.getByRole('button', { name: 'New rule' }).click();
  const dialog = page.getByRole('dialog');
  const address = `dry-${stamp}@demo.test`;
  await dialog.getByLabel('Event').selectOption('finding.created');
  await dialog.getByLabel('Addresses').fill(address);
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await expect(dialog.getByTestId('dry-recipients')).toContainText(address);
  // The result is shown next to the button.
  await expect(dialog.getByText(/^\d+ additional messages? compared/)).toBeInViewport({ ratio: 1 });
  await dialog.getByText('Show table').click();
  await expect(dialog.getByRole('row')).toHaveCount(9);
  // The next change of the rule clears the result; a threshold lists what it leaves out.
  await dialog.getByLabel('Minimum severity').selectOption('urgent');
  await expect(dialog.getByTestId('dry-run')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await expect(dialog.getByTestId('dry-not-sent')).toContainText('Below the rule’s minimum severity.');
  await page.keyboard.press('Escape');
  await page.reload();
  await expect(rules).toHaveCount(before);
});

test('a webhook rule appears among the destinations, its secret is rotated, and the audit log records it', async ({
  as,
}) => {
  const page = await as('admin');
  await page.goto('/settings/rules');
  await page.getByRole('button', { name: 'New rule' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Event').selectOption('asset.deleted');
  await dialog.getByLabel('Channel').selectOption('webhook');
  await dialog.getByLabel('URLs').fill(`https://hooks.example.com/${stamp}`);
  await dialog.getByLabel('Payload format').selectOption('cloudevents');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const rule = page.getByTestId('rule').filter({ hasText: 'Asset deleted' }).filter({ hasText: 'Webhook' });
  await rule.getByRole('button', { name: /^Edit/ }).click();
  await expect(dialog.getByLabel('Payload format')).toHaveValue('cloudevents');
  await dialog.getByRole('button', { name: 'Show signing secrets' }).click();
  const secret = dialog.getByTestId('secret').getByRole('textbox');
  const before = await secret.inputValue();
  expect(before).toMatch(/^whsec_/);
  await dialog.getByRole('button', { name: /^New secret: / }).click();
  await dialog.getByRole('button', { name: 'Create a new secret?' }).click();
  await expect(secret).not.toHaveValue(before);
  await expect(dialog.getByText('Old secret also valid until')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.goto('/settings/destinations');
  const row = page.getByTestId('destination').filter({ hasText: 'hooks.example.com' }).last();
  await expect(row).toContainText('On');
  await row.getByRole('button').click();
  await expect(dialog).toContainText('Last success');
  await expect(dialog).toContainText('Never');
  await page.keyboard.press('Escape');

  await page.goto('/settings/audit');
  await page.getByLabel('What', { exact: true }).selectOption('webhook_secrets.rotated');
  await expect(page).toHaveURL(/action=webhook_secrets\.rotated/);
  const entry = page.getByTestId('audit').first();
  await expect(entry).toContainText('Rotated the signing secrets of');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  const added = page.getByTestId('audit').filter({ hasText: 'Created rule' }).first();
  await added.getByText('What changed').click();
  await expect(added.getByRole('row').filter({ hasText: 'event type' })).toContainText('asset.deleted');

  await page.goto('/settings/rules');
  await rule.getByRole('button', { name: /^Edit/ }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(rule).toHaveCount(0);
});
