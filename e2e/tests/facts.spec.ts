/** The facts of a scan report on the page of a finding: shown first, all as plain text. */

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, get, live, post, test } from './fixtures.ts';
import { settled } from './looks.ts';
import { imported, newProject } from './reports.ts';

const OUT = fileURLToPath(new URL('../out/', import.meta.url));

interface Row {
  id: string;
  title: string;
  status: string;
  component: { version: string } | null;
}
const rows = async (page: Page, project: string): Promise<Row[]> =>
  (await get<{ items: Row[] }>(page, `/findings?project_id=${project}`)).items;
const facts = (page: Page) => page.getByTestId('facts');

test.beforeAll(() => {
  mkdirSync(OUT, { recursive: true });
});

test('a vulnerable component shows all its facts, and no hostile text becomes a link', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Facts');
  await imported(page, project.id, 'web-1.json');
  const lodash = (await rows(page, project.id)).find(({ title }) => title.includes('lodash'));
  await page.goto(`/findings/${lodash?.id ?? ''}`);
  await live(page);
  const card = facts(page);
  for (const text of [
    'CVE-2021-23337',
    'CWE-77',
    'CWE-94',
    'CVSS 3.1',
    '7.2',
    'CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H',
    'lodash 4.17.4',
    '4.17.21',
    'pkg:npm/lodash@4.17.4',
    'registry.test/shop/web',
    'javascript:alert(document.domain)',
  ]) {
    await expect(card.getByText(text, { exact: true }).first(), text).toBeVisible();
  }
  await expect(card.getByRole('link', { name: 'CVE-2021-23337', exact: true })).toHaveAttribute(
    'href',
    '/findings?identifier=CVE-2021-23337&status=all',
  );
  const link = card.getByRole('link', { name: 'https://example.test/advisories/GHSA-35jh-r3h4-6jhm' });
  await expect(link).toHaveAttribute('rel', /noopener/);
  expect(await page.locator('main img, main a[href^="javascript" i]').count()).toBe(0);
  // Facts come before the description.
  const order = await page.locator('main h2').allTextContents();
  expect(order.indexOf('Facts')).toBeLessThan(order.indexOf('Description'));
  await settled(page);
  await page.screenshot({ path: `${OUT}finding-facts.png`, fullPage: true });
});

test('every stored location is listed, with the number of others, and the code as plain text', async ({
  as,
}) => {
  const page = await as('manager');
  const project = await newProject(page, 'Places');
  await imported(page, project.id, 'eval.sarif');
  const [row] = await rows(page, project.id);
  await page.goto(`/findings/${row?.id ?? ''}`);
  await live(page);
  const locations = page.getByTestId('locations');
  await expect(locations.locator('code')).toHaveCount(6);
  await locations.getByRole('button', { name: 'Show all 100' }).click();
  await expect(locations.locator('code')).toHaveCount(100);
  await expect(locations).toContainText('and 20 more not stored');
  const code = page.getByRole('region', { name: 'Code' });
  await expect(code).toContainText('res.send(eval(req.query.q)); // <script>alert(1)</script>');
  await page.screenshot({ path: `${OUT}finding-places.png` });
});

// promise: M4
test('a finding similar to a triaged one links to it, and the triaged one shows since when it is gone', async ({
  as,
}) => {
  const page = await as('manager');
  const project = await newProject(page, 'Judged');
  await imported(page, project.id, 'web-1.json');
  const judged = (await rows(page, project.id)).find(({ title }) => title.includes('lodash'));
  await post(page, `/findings/${judged?.id ?? ''}/status`, {
    status: 'false_positive',
    comment: 'The template function is not used.',
  });
  await imported(page, project.id, 'web-3.json');
  const other = (await rows(page, project.id)).find(
    ({ title, component }) => title.includes('lodash') && component?.version === '4.17.5',
  );
  expect(other?.status).toBe('open');
  await page.goto(`/findings/${other?.id ?? ''}`);
  await live(page);
  const related = page.getByTestId('related');
  await expect(related).toContainText('A similar finding was already triaged.');
  await related.getByRole('link', { name: 'Open the similar finding' }).click();
  await expect(page).toHaveURL(new RegExp(`/findings/${judged?.id ?? ''}$`));
  await expect(page.getByTestId('gone')).toContainText('Not in the latest report since just now');
});

test('an identifier and a target link to all findings with them, and a search finds a CVE', async ({
  as,
}) => {
  const page = await as('manager');
  const project = await newProject(page, 'Search');
  await imported(page, project.id, 'web-1.json', 'worker-1.json');
  const minimist = (await rows(page, project.id)).find(({ title }) => title.includes('minimist'));
  await page.goto(`/findings/${minimist?.id ?? ''}`);
  await live(page);
  await facts(page).getByRole('link', { name: 'CVE-2021-44906', exact: true }).click();
  const found = page.getByTestId('finding');
  // In both images, and nowhere else.
  await expect(found.filter({ hasText: project.name })).toHaveCount(2);
  await expect(found.filter({ hasNotText: 'minimist' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Remove filter: CVE-2021-44906' }).click();
  await expect(found.filter({ hasText: 'braces' }).first()).toBeVisible();

  await page.goto(`/targets?project_id=${project.id}`);
  await page
    .getByTestId('target')
    .filter({ hasText: 'shop/worker' })
    .getByRole('link', { name: '2 open' })
    .click();
  await expect(page.getByRole('button', { name: 'Remove filter: From one target' })).toBeVisible();
  await expect(found).toHaveCount(2);

  await page.goto(`/findings?project_id=${project.id}`);
  await expect(found).toHaveCount(5);
  await page.getByLabel('Search title, rule, location or CVE').fill('cve-2021-44906');
  await expect(found).toHaveCount(2);
});
