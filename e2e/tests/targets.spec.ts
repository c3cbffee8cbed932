/** The page of targets, and retiring one. */

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, get, live, mark, sameDocument, test } from './fixtures.ts';
import { settled } from './looks.ts';
import { imported, newProject } from './reports.ts';

const OUT = fileURLToPath(new URL('../out/', import.meta.url));

test.beforeAll(() => {
  mkdirSync(OUT, { recursive: true });
});

test('targets show their open findings and last report, live', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Targets');
  await page.goto(`/targets?project_id=${project.id}`);
  await live(page);
  await mark(page);
  await expect(page.getByText('No targets in this project.')).toBeVisible();
  const [scan] = await imported(page, project.id, 'web-1.json', 'worker-1.json', 'eval.sarif');
  const row = page.getByTestId('target').filter({ hasText: 'registry.test/shop/web' });
  await expect(row).toContainText('Trivy');
  await expect(row).toContainText(project.name);
  await expect(row).toContainText(/Last report\s*just now/);
  await expect(row.getByRole('link', { name: 'just now' })).toHaveAttribute('href', `/scans/${scan}`);
  await expect(row.getByRole('link', { name: '3 open' })).toHaveAttribute(
    'href',
    /\/findings\?target=[0-9a-f-]{36}$/,
  );
  await expect(page.getByTestId('target')).toHaveCount(3);
  await sameDocument(page);
});

test('a manager retires a target with a comment, which closes its open findings', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Retire');
  await imported(page, project.id, 'web-1.json', 'worker-1.json');
  const analyst = await as('analyst');
  await analyst.goto(`/targets?project_id=${project.id}`);
  await expect(analyst.getByTestId('target')).toHaveCount(2);
  await expect(analyst.getByRole('button', { name: /^Retire/ })).toHaveCount(0);

  await page.goto(`/targets?project_id=${project.id}`);
  await live(page);
  await page.getByRole('button', { name: 'Retire registry.test/shop/web' }).click();
  const sure = page.getByRole('dialog', { name: 'Retire this target?' });
  await expect(sure).toContainText('its 3 open findings are closed');
  await sure.getByRole('button', { name: 'Retire', exact: true }).click();
  await expect(sure).toContainText('Enter why the target is being retired.');
  await sure.getByLabel('Comment').fill('Switched off last week.');
  await settled(page);
  await page.screenshot({ path: `${OUT}target-retire.png` });
  await sure.getByRole('button', { name: 'Retire', exact: true }).click();
  const row = page.getByTestId('target').filter({ hasText: 'registry.test/shop/web' });
  await expect(row).toContainText('Retired');
  await expect(row).toContainText('No open findings');
  await expect(page.getByTestId('target').filter({ hasText: 'shop/worker' })).toContainText('2 open');
  const { items } = await get<{ items: { status: string }[] }>(page, `/findings?project_id=${project.id}`);
  expect(items.map(({ status }) => status).sort()).toEqual(['closed', 'closed', 'closed', 'open', 'open']);
});

test('a target without a report for 30 days is marked, and an empty list explains targets', async ({
  as,
}) => {
  const page = await as('viewer');
  const of = (more: object) => ({
    id: '019a0000-0000-7000-8000-000000000001',
    company_id: '019a0000-0000-7000-8000-000000000002',
    company_name: 'Demo',
    project_id: null,
    project_name: null,
    tool: 'Trivy',
    target: null,
    last_scan_id: null,
    last_report_at: '2020-01-02T03:04:05Z',
    stale: true,
    retired_at: null,
    open: 1,
    created_at: '2020-01-01T00:00:00Z',
    ...more,
  });
  let items: object[] = [of({})];
  await page.route('**/api/v1/targets?*', (route) => route.fulfill({ json: { items, next_cursor: null } }));
  await page.goto('/targets');
  const row = page.getByTestId('target');
  await expect(row).toContainText('Whole project');
  await expect(row.getByTitle('No report for 30 days')).toContainText('Stale');
  items = [];
  await page.reload();
  await expect(page.getByText('A target is what a scan report covers')).toBeVisible();
  await expect(page.getByRole('main').getByRole('link', { name: 'Scans' })).toHaveCount(0);
});
