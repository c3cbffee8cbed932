/** Importing scan reports: the small samples, a new project, and the import dialog. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import { company, expect, live, post } from './fixtures.ts';

export const sample = (name: string): string => fileURLToPath(new URL(`../samples/${name}`, import.meta.url));

/** A project with a unique name. */
export async function newProject(page: Page, name: string): Promise<{ id: string; name: string }> {
  const unique = `${name} ${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
  const { id } = await post<{ id: string }>(page, '/projects', {
    company_id: await company(page),
    name: unique,
  });
  return { id, name: unique };
}

/** Imports samples through the API, one after another; returns the ids of their scans. */
export async function imported(page: Page, project: string, ...names: string[]): Promise<string[]> {
  if (page.url() === 'about:blank') await page.goto('/inbox');
  const into = `company_id=${await company(page)}&project_id=${project}`;
  const scans: string[] = [];
  for (const name of names) {
    const answer = await page.request.post(`/api/v1/scans/import?${into}`, {
      data: readFileSync(sample(name)),
      headers: { origin: new URL(page.url()).origin, 'content-type': 'application/octet-stream' },
    });
    expect(answer.ok(), `${name}: ${await answer.text()}`).toBe(true);
    scans.push(((await answer.json()) as { scan: { id: string } }).scan.id);
  }
  return scans;
}

/** Opens the import dialog, chooses the project and the files; returns the dialog. */
export async function dialog(page: Page, project: string, files: string[]): Promise<Locator> {
  await page.goto('/scans');
  await live(page);
  await page.getByRole('button', { name: 'Import results' }).first().click();
  const open = page.getByRole('dialog', { name: 'Import scan results' });
  await open.getByLabel('Project', { exact: true }).selectOption({ label: project });
  await open.getByLabel('Choose files').setInputFiles(files.map(sample));
  return open;
}

/** Drops files on the page, as if dragged from a folder. */
export async function drop(page: Page, files: { name: string; text: string }[]): Promise<void> {
  const data = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    for (const { name, text } of all) transfer.items.add(new File([text], name));
    return transfer;
  }, files);
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: data });
  await expect(page.getByText('Drop the scan report to import it')).toBeVisible();
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
}
