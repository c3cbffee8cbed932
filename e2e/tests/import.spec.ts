/** A report on its way in by drag and drop: what was skipped and why, and what is wrong with a wrong one. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { expect, live, test } from './fixtures.ts';

const SAMPLE = readFileSync(
  fileURLToPath(new URL('../samples/codeQL-output.sarif', import.meta.url)),
  'utf8',
);

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

/** Drops files on the page, as a person drags them from a folder. */
async function drop(page: Page, files: { name: string; text: string }[]): Promise<void> {
  const data = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    for (const { name, text } of all) transfer.items.add(new File([text], name));
    return transfer;
  }, files);
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: data });
  await expect(page.getByText('Drop the report to import it')).toBeVisible();
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
}

test('a dropped report says what was skipped and why', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/scans');
  await live(page);
  await drop(page, [{ name: 'mixed.sarif', text: MIXED }]);
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  const row = page.getByTestId('import');
  await expect(row).toHaveAttribute('data-stage', 'done');
  await expect(row.getByTestId('skipped')).toContainText('3 results skipped');
  const suppressed = row.locator('summary').first();
  await expect(suppressed).toContainText(/2 × .*suppress/i);
  await suppressed.press('Enter');
  await expect(row.getByText(/results\[1\]/)).toBeVisible();
});

test('a cut off and a wrong file are refused with the place, and a good one beside them goes in', async ({
  as,
}) => {
  const page = await as('manager');
  await page.goto('/scans');
  await live(page);
  await expect(page.getByTestId('scan').first()).toBeVisible();
  const before = await page.getByTestId('scan').count();
  await drop(page, [
    { name: 'cut.sarif', text: SAMPLE.slice(0, 20_000) },
    { name: 'notes.txt', text: 'Dear diary' },
    { name: 'mixed.sarif', text: MIXED },
  ]);
  await page.getByRole('dialog').getByRole('button', { name: 'Import 3 files' }).click();
  const rows = page.getByTestId('import');
  await expect(rows.nth(2)).toHaveAttribute('data-stage', 'done');
  for (const index of [0, 1]) {
    await expect(rows.nth(index)).toHaveAttribute('data-stage', 'failed');
    await expect(rows.nth(index).getByRole('alert')).toContainText('This report was not imported');
    await expect(rows.nth(index).getByRole('alert')).toContainText('Nothing was changed by it.');
    await expect(rows.nth(index).getByRole('button', { name: 'Try again' })).toHaveCount(0);
  }
  await expect(rows.nth(0)).toContainText(/the file ends too early.*line \d+/);
  await expect(rows.nth(1)).toContainText('The format of the report is not recognised');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByTestId('scan')).toHaveCount(before + 1);
});

test('a report that met a server without an answer can be sent again', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/scans');
  await live(page);
  await page.route('**/api/v1/scans/import**', (route) => route.abort(), { times: 1 });
  await drop(page, [{ name: 'mixed.sarif', text: MIXED }]);
  await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
  const row = page.getByTestId('import');
  await expect(row).toHaveAttribute('data-stage', 'failed');
  await row.getByRole('button', { name: 'Try again' }).click();
  await expect(row).toHaveAttribute('data-stage', 'done');
});
