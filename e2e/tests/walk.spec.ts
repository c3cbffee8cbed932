/** The first steps of a new user, one after the other, guided only by the screen. */

import { expect, get, PASSWORD, email, test } from './fixtures.ts';

const result = (ruleId: string, level: string, text: string) => ({
  ruleId,
  level,
  message: { text },
  locations: [{ physicalLocation: { artifactLocation: { uri: `${ruleId}.py` } } }],
});
const REPORT = {
  name: 'walk.sarif',
  mimeType: 'application/json',
  buffer: Buffer.from(
    JSON.stringify({
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'Walker',
              rules: [{ id: 'worst', properties: { 'security-severity': '9.8' } }],
            },
          },
          results: [
            result('mild', 'note', 'Left the light on'),
            result('worst', 'error', 'Walked in without a key'),
          ],
        },
      ],
    }),
  ),
};

test('from signing in, a report and its most severe finding to who was notified, and the calendar', async ({
  stranger,
}) => {
  const page = await stranger();
  const main = page.getByRole('navigation', { name: 'Main' });
  const dialog = page.getByRole('dialog');
  const heading = page.getByRole('heading', { level: 1 });

  await page.goto('/');
  await page.getByLabel('Email').fill(email('admin'));
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(heading).toHaveText('Dashboard');

  // Import a report from the page where its findings will be.
  await main.getByRole('link', { name: 'Findings' }).click();
  await page.getByRole('button', { name: 'Import results' }).click();
  await dialog.getByLabel('Project', { exact: true }).selectOption({ index: 1 });
  await dialog.locator('input[type=file]').setInputFiles(REPORT);
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(dialog).toContainText('2 new');
  await dialog.getByRole('link', { name: 'View findings' }).click();

  // The most severe is on top.
  const worst = page.getByTestId('finding').first();
  await expect(worst).toContainText('Walked in without a key');
  await worst.getByRole('link').click();
  await expect(heading).toContainText('Walked in without a key');
  await page.getByRole('button', { name: 'Assign', exact: true }).click();
  await dialog.getByRole('checkbox', { name: /Ana Analyst/ }).check();
  await dialog.getByRole('checkbox', { name: /Web team/ }).check();
  await dialog.getByRole('button', { name: 'Assign', exact: true }).click();

  // Why a colleague was notified, and why a team was not.
  const step = page.getByTestId('history').getByRole('listitem').filter({ hasText: 'Ana Analyst' });
  await step.getByRole('link', { name: 'Who was notified?' }).click();
  await expect(heading).toHaveText('Who was notified, and why');
  const tree = page.getByRole('list', { name: 'Recipients and outcomes' });
  await expect(tree).toContainText('Ana Analyst');
  // In the inbox; the email is only written to a file, since there is no mail server.
  await expect(tree.getByTestId('leaf').filter({ hasText: 'The finding is assigned to them.' })).toHaveCount(
    1,
  );

  // From there to the team's Slack settings.
  await tree.getByRole('link', { name: 'Set up a channel' }).first().click();
  await expect(heading).toHaveText('Teams');
  await page.getByRole('button', { name: 'Edit Web team' }).click();
  await dialog.getByLabel('Slack webhook URL').fill('https://hooks.slack.com/services/T0/B0/walkwalkwalk');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const team = page.getByTestId('team').filter({ hasText: 'Web team' });
  await expect(team).toContainText('Slack: https://hooks.slack.com/');

  await main.getByRole('link', { name: 'Calendar' }).click();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await dialog.getByRole('button', { name: 'Create feed' }).click();
  const address = await dialog.getByRole('textbox', { name: 'Feed URL' }).inputValue();
  const feed = await page.request.get(address);
  expect(await feed.text()).toContain('BEGIN:VCALENDAR');

  // Others share the server: what was set up is removed.
  await dialog.getByRole('button', { name: /^Revoke/ }).click();
  await dialog.getByRole('button', { name: 'Revoke? Click again' }).click();
  await expect(dialog).toContainText('You have no feeds yet.');
  await page.keyboard.press('Escape');
  await page.goto('/settings/teams');
  await page.getByRole('button', { name: 'Edit Web team' }).click();
  await dialog.getByLabel('Slack webhook URL').fill('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(team).toContainText('No channel: members are notified');
  const origin = { origin: new URL(page.url()).origin };
  const { items } = await get<{ items: { id: string; tool: string }[] }>(page, '/findings?text=walker');
  expect(items).toHaveLength(2);
  for (const { id } of items) {
    expect((await page.request.delete(`/api/v1/findings/${id}`, { headers: origin })).ok()).toBe(true);
  }
});
