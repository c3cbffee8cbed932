/** Importing scan reports: preview, questions, import, undo; and the errors of invalid ones. */

import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, get, live, mark, sameDocument, test } from './fixtures.ts';
import { settled } from './looks.ts';
import { dialog, drop, imported, newProject, sample } from './reports.ts';

const OUT = fileURLToPath(new URL('../out/', import.meta.url));
const text = (name: string) => readFileSync(sample(name), 'utf8');

const finding = (rule: string, more: object = {}) => ({
  ruleId: rule,
  message: { text: `Found by ${rule}` },
  locations: [{ physicalLocation: { artifactLocation: { uri: `${rule}.py` } } }],
  ...more,
});
const MIXED = JSON.stringify({
  version: '2.1.0',
  runs: [
    {
      tool: { driver: { name: 'Sifter' } },
      results: [
        finding('kept'),
        finding('hushed', { suppressions: [{ kind: 'inSource' }] }),
        finding('hushed-too', { suppressions: [{ kind: 'inSource' }] }),
        finding('fine', { kind: 'pass' }),
      ],
    },
  ],
});

test.beforeAll(() => {
  mkdirSync(OUT, { recursive: true });
});

test('no project is preselected, and nothing is sent before one is chosen', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/scans');
  await live(page);
  let sent = 0;
  page.on('request', (request) => (sent += request.url().includes('/scans/import') ? 1 : 0));
  await drop(page, [{ name: 'mixed.sarif', text: MIXED }]);
  const open = page.getByRole('dialog');
  await expect(open.getByLabel('Project', { exact: true })).toHaveValue('');
  await expect(open.getByText('Choose a project to preview')).toBeVisible();
  await expect(open.getByRole('button', { name: 'Import', exact: true })).toBeDisabled();
  expect(sent).toBe(0);
});

test('a dropped report lists what was skipped and why', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Skips');
  await page.goto(`/scans?project_id=${project.id}`);
  await live(page);
  await drop(page, [{ name: 'mixed.sarif', text: MIXED }]);
  const row = page.getByTestId('import');
  // The list is filtered by the project: that is a choice.
  await expect(row).toHaveAttribute('data-stage', 'ready');
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
  await expect(row.getByTestId('skipped')).toContainText('3 results skipped');
  const suppressed = row.locator('summary').first();
  await expect(suppressed).toContainText(/2 × .*suppress/i);
  await suppressed.press('Enter');
  await expect(row.getByText(/results\[1\]/)).toBeVisible();
});

test('a truncated and an invalid file are rejected with the position, and a valid one next to them is imported', async ({
  as,
}) => {
  const page = await as('manager');
  const project = await newProject(page, 'Broken');
  await page.goto(`/scans?project_id=${project.id}`);
  await live(page);
  await drop(page, [
    { name: 'cut.sarif', text: text('codeQL-output.sarif').slice(0, 20_000) },
    { name: 'notes.txt', text: 'Dear diary' },
    { name: 'mixed.sarif', text: MIXED },
    { name: 'leaks.json', text: '[{"RuleID":"aws","Secret":"x","Match":"x","File":"a","Fingerprint":"f"}]' },
  ]);
  const rows = page.getByTestId('import');
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  await expect(rows.nth(2)).toHaveAttribute('data-stage', 'done');
  for (const index of [0, 1, 3]) {
    await expect(rows.nth(index)).toHaveAttribute('data-stage', 'failed');
    await expect(rows.nth(index).getByRole('alert')).toContainText('This scan report was not imported');
    await expect(rows.nth(index).getByRole('alert')).toContainText('No changes were made.');
    await expect(rows.nth(index).getByRole('button', { name: 'Try again' })).toHaveCount(0);
  }
  await expect(rows.nth(0)).toContainText(/line \d+/);
  // The next step, in the server's words.
  await expect(rows.nth(3)).toContainText(/gitleaks.*--report-format sarif/i);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByTestId('scan')).toHaveCount(1);
});

test('a report can be sent again after a server gave no answer', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Away');
  await page.goto(`/scans?project_id=${project.id}`);
  await live(page);
  await page.route('**/api/v1/scans/import**', (route) => route.abort(), { times: 1 });
  await drop(page, [{ name: 'mixed.sarif', text: MIXED }]);
  const row = page.getByTestId('import');
  await expect(row).toHaveAttribute('data-stage', 'failed');
  await row.getByRole('button', { name: 'Try again' }).click();
  await expect(row).toHaveAttribute('data-stage', 'ready');
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
});

// promise: P2
test('the findings of two images dropped together into one project stay open', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Images');
  const open = await dialog(page, project.name, ['web-1.json', 'worker-1.json']);
  const rows = page.getByTestId('import');
  await expect(rows.nth(0).getByTestId('import-target')).toHaveText('registry.test/shop/web');
  await expect(rows.nth(1).getByTestId('import-target')).toHaveText('registry.test/shop/worker');
  await expect(rows.nth(0).getByTestId('severities')).toContainText(/New.*1.*Critical.*2.*High/s);
  await expect(page.getByTestId('closing')).toHaveCount(0);
  await page.screenshot({ path: `${OUT}import-two-preview.png` });
  await open.getByRole('button', { name: 'Import 2 files' }).click();
  for (const index of [0, 1]) await expect(rows.nth(index)).toHaveAttribute('data-stage', 'done');
  const { items } = await get<{ items: { status: string }[] }>(page, `/findings?project_id=${project.id}`);
  expect(items.map(({ status }) => status)).toEqual(Array(5).fill('open'));
});

// promise: P5
test('the preview lists what would close, closes it only after a yes, and undo restores it', async ({
  as,
}) => {
  const page = await as('manager');
  const project = await newProject(page, 'Undo');
  await imported(page, project.id, 'web-1.json');
  const list = await as('analyst');
  await list.goto(`/findings?project_id=${project.id}`);
  await live(list);
  await mark(list);
  await expect(list.getByTestId('finding')).toHaveCount(3);

  const open = await dialog(page, project.name, ['web-2.json']);
  const row = page.getByTestId('import');
  const question = row.getByTestId('closing');
  await expect(question).toContainText('2 findings are not in this report: close them?');
  await expect(question.getByRole('link', { name: /minimist/ })).toHaveAttribute('href', /^\/findings\//);
  await expect(question.getByRole('radio', { checked: true })).toHaveCount(0);
  await settled(page);
  await page.screenshot({ path: `${OUT}import-closing.png` });

  // Nothing happens without an answer.
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(question.getByRole('alert')).toHaveText('Choose whether to close them.');
  await expect(question.getByRole('radio').first()).toBeFocused();
  await expect(row).toHaveAttribute('data-stage', 'ready');
  expect((await get<{ items: unknown[] }>(page, `/scans?project_id=${project.id}`)).items).toHaveLength(1);

  await question.getByRole('radio', { name: 'Close', exact: true }).check();
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
  await expect(row.getByTestId('severities')).toContainText(/Closed.*1.*Critical.*1.*High/s);
  await expect(list.getByTestId('finding')).toHaveCount(2);
  await expect(list.getByTestId('finding').filter({ hasText: 'minimist' })).toHaveCount(0);

  await row.getByRole('button', { name: 'Undo import' }).click();
  const sure = page.getByRole('dialog', { name: 'Undo this import?' });
  await sure.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'undone');
  await expect(row.getByTestId('undone')).toContainText('1 finding removed, 2 reopened');
  await page.screenshot({ path: `${OUT}import-undone.png` });
  await expect(list.getByTestId('finding')).toHaveCount(3);
  await expect(list.getByTestId('finding').filter({ hasText: 'minimist' })).toHaveCount(1);
  await sameDocument(list);
});

test('findings that would close can be kept open', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Keep');
  await imported(page, project.id, 'web-1.json');
  const open = await dialog(page, project.name, ['web-2.json']);
  await open.getByRole('radio', { name: 'Keep open' }).check();
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByTestId('import')).toHaveAttribute('data-stage', 'done');
  const { items } = await get<{ items: { status: string }[] }>(page, `/findings?project_id=${project.id}`);
  expect(items.map(({ status }) => status)).toEqual(Array(4).fill('open'));
});

test('a second report of the same target in one drop is previewed again before its import', async ({
  as,
}) => {
  const page = await as('manager');
  const project = await newProject(page, 'Twice');
  const open = await dialog(page, project.name, ['web-1.json', 'web-2.json']);
  const rows = page.getByTestId('import');
  // Before the first is imported, neither closes anything.
  await expect(open.getByRole('button', { name: 'Import 2 files' })).toBeEnabled();
  await expect(page.getByTestId('closing')).toHaveCount(0);
  await open.getByRole('button', { name: 'Import 2 files' }).click();
  await expect(rows.nth(0)).toHaveAttribute('data-stage', 'done');
  await expect(rows.nth(1)).toHaveAttribute('data-stage', 'ready');
  await expect(rows.nth(1).getByTestId('closing')).toContainText('2 findings are not in this report');
  await rows.nth(1).getByRole('radio', { name: 'Close', exact: true }).check();
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(rows.nth(1)).toHaveAttribute('data-stage', 'done');
});

test('an incomplete report says why and asks about nothing', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Partly');
  const run = (results: object[], more: object = {}) =>
    JSON.stringify({
      version: '2.1.0',
      runs: [{ tool: { driver: { name: 'Sifter' } }, results, ...more }],
    });
  await page.goto(`/scans?project_id=${project.id}`);
  await live(page);
  await drop(page, [{ name: 'first.sarif', text: run([finding('one'), finding('two')]) }]);
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  const broken = run([finding('one')], { invocations: [{ executionSuccessful: false }] });
  await drop(page, [{ name: 'second.sarif', text: broken }]);
  const row = page.getByTestId('import');
  await expect(row).toHaveAttribute('data-stage', 'ready');
  await expect(row.getByTestId('whole')).toHaveAttribute('data-whole', 'false');
  await expect(row.getByRole('list', { name: 'Why it is incomplete' })).not.toBeEmpty();
  await expect(row.getByTestId('closing')).toHaveCount(0);
  await page.screenshot({ path: `${OUT}import-partial.png` });
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  await row.getByRole('link', { name: 'Open the scan' }).click();
  const report = page.getByTestId('scan-report');
  await expect(report.getByTestId('whole')).toContainText('Incomplete');
  await expect(report.getByRole('list', { name: 'Why it is incomplete' })).not.toBeEmpty();
});

test('a table with unclear columns is mapped, including its numbers, and then previewed', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Table');
  const open = await dialog(page, project.name, ['pentest.csv']);
  const row = page.getByTestId('import');
  await expect(row).toHaveAttribute('data-stage', 'mapping');
  await expect(row.getByRole('alert')).toContainText('title');
  await expect(row.getByRole('cell', { name: 'Orders of others can be read' })).toBeVisible();
  await row.getByLabel('Column Issue').selectOption('title');
  await row.getByLabel('Column Rating').selectOption('severity');
  await row.getByLabel('Column Where').selectOption('location');
  await settled(page);
  await page.screenshot({ path: `${OUT}import-table.png` });
  // A bare scale is rejected until its numbers are explained; the mapping stays.
  await row.getByRole('button', { name: 'Preview' }).click();
  await expect(row.getByRole('alert')).toContainText('Rating');
  await expect(row.getByLabel('Column Issue')).toHaveValue('title');
  for (const [name, value] of [
    ['Critical', '5'],
    ['High', '4'],
    ['Medium', '3'],
    ['Low', '2'],
    ['Info', '1'],
  ] as const) {
    await row.getByLabel(name, { exact: true }).fill(value);
  }
  await row.getByRole('button', { name: 'Preview' }).click();
  await expect(row).toHaveAttribute('data-stage', 'ready');
  await expect(row.getByTestId('severities')).toContainText(/1.*Critical.*1.*Medium.*1.*Info/s);
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
  const { items } = await get<{ items: { title: string; severity: string; location: string }[] }>(
    page,
    `/findings?project_id=${project.id}&sort=-severity`,
  );
  expect(items[0]).toMatchObject({
    title: 'Orders of others can be read',
    severity: 'critical',
    location: '/orders',
  });
});

test('a table in another encoding is read once the encoding is set', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Encoding');
  const open = await dialog(page, project.name, ['pentest-1252.csv']);
  const row = page.getByTestId('import');
  await expect(row).toHaveAttribute('data-stage', 'mapping');
  await row.getByLabel('Encoding').selectOption('windows-1252');
  await row.getByRole('button', { name: 'Preview' }).click();
  await expect(row).toHaveAttribute('data-stage', 'ready');
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
  const { items } = await get<{ items: { title: string }[] }>(page, `/findings?project_id=${project.id}`);
  expect(items.map(({ title }) => title)).toEqual(['Übernahme fremder Sitzungen']);
});

test('the target of a report can be set', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Target');
  const open = await dialog(page, project.name, ['web-1.json']);
  const row = page.getByTestId('import');
  await expect(row.getByTestId('import-target')).toHaveText('registry.test/shop/web');
  await row.getByRole('button', { name: 'Set target of web-1.json' }).click();
  await row.getByLabel('Target').fill('staging');
  await row.getByRole('button', { name: 'Apply' }).click();
  await expect(row.getByTestId('import-target')).toHaveText('staging');
  await open.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
  await row.getByRole('link', { name: 'Open the scan' }).click();
  await expect(page.getByTestId('scan-report').getByRole('link', { name: 'staging' })).toBeVisible();
});

test('the page of a scan undoes its import, and says why an earlier one cannot be undone', async ({ as }) => {
  const page = await as('manager');
  const project = await newProject(page, 'Scan page');
  const [first, second] = await imported(page, project.id, 'web-1.json', 'web-2.json');
  await page.goto(`/scans/${first}`);
  const report = page.getByTestId('scan-report');
  const sure = page.getByRole('dialog', { name: 'Undo this import?' });
  await report.getByRole('button', { name: 'Undo import' }).click();
  await sure.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(sure.getByRole('alert')).toContainText(
    'A later scan report of the same target has been imported. Undo that import first.',
  );
  await page.goto(`/scans/${second}`);
  await expect(report.getByTestId('severities')).toContainText(/Closed.*1.*Critical.*1.*High/s);
  await page.screenshot({ path: `${OUT}scan-report.png`, fullPage: true });
  await report.getByRole('button', { name: 'Undo import' }).click();
  await sure.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(report.getByRole('status')).toContainText('This import was undone.');
  await expect(report.getByRole('button', { name: 'Undo import' })).toHaveCount(0);
  await expect(page.getByTestId('scan')).toContainText('Undone');
});
