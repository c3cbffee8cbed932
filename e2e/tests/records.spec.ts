/** The pages of assets, agreements, reports and approvals; editing findings, scans and projects. */

import type { Page } from '@playwright/test';
import { expect, live, mark, patch, post, sameDocument, test } from './fixtures.ts';

test.describe.configure({ mode: 'serial' });

const tag = Date.now().toString(36);
const finding = `Hard-coded secret ${tag}`;
const asset = `Order service ${tag}`;
let findingPath = '';
let assetPath = '';

const record = (page: Page, text: string) => page.getByTestId('record').filter({ hasText: text });
const dialog = (page: Page) => page.getByRole('dialog');

/** A second live page at that path: it is never reloaded. */
async function watching(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  await live(page);
  await mark(page);
  return page;
}

async function company(page: Page): Promise<string> {
  const me = (await (await page.request.get('/api/v1/me')).json()) as { companies: { id: string }[] };
  return me.companies[0]?.id ?? '';
}

/** A viewer created for this run. */
async function viewer(stranger: () => Promise<Page>, admin: Page): Promise<Page> {
  const email = `viewer-${tag}@demo.test`;
  const known = (await (await admin.request.get('/api/v1/users?limit=200')).json()) as {
    items: { email: string }[];
  };
  if (!known.items.some((one) => one.email === email)) {
    const person = await post<{ id: string }>(admin, '/users', {
      email,
      name: `Vera ${tag}`,
      password: 'campanile-viewer',
    });
    const answer = await admin.request.put(`/api/v1/companies/${await company(admin)}/members/${person.id}`, {
      data: { role: 'viewer' },
      headers: { origin: new URL(admin.url()).origin },
    });
    expect(answer.ok()).toBe(true);
  }
  const page = await stranger();
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill('campanile-viewer');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await live(page);
  return page;
}

test('an analyst creates and edits an asset, and another tab shows it', async ({ as }) => {
  const analyst = await as('analyst');
  const other = await watching(await as('manager'), '/assets');
  await analyst.goto('/assets');
  await analyst.getByRole('button', { name: 'New asset' }).first().click();
  await dialog(analyst).getByRole('button', { name: 'Create' }).click();
  await expect(dialog(analyst)).toContainText('Enter a name.');
  await dialog(analyst).getByLabel('Name').fill(asset);
  await dialog(analyst).getByLabel('Address').fill('https://shop.demo.test/<b>orders</b>');
  await dialog(analyst).getByLabel('Criticality').selectOption('Critical');
  await dialog(analyst).getByRole('button', { name: 'Create' }).click();
  await expect(analyst.getByRole('heading', { level: 1 })).toHaveText(asset);
  await expect(analyst.getByText('https://shop.demo.test/<b>orders</b>')).toBeVisible();
  assetPath = new URL(analyst.url()).pathname;

  await expect(record(other, asset)).toContainText('Criticality: critical');
  await analyst.getByRole('button', { name: 'Edit' }).click();
  await dialog(analyst).getByLabel('Criticality').selectOption('Low');
  await dialog(analyst).getByRole('button', { name: 'Save' }).click();
  await expect(record(other, asset)).toContainText('Criticality: low');
  await sameDocument(other);

  await other.getByLabel('Kind').selectOption('Host');
  await expect(record(other, asset)).toHaveCount(0);
  await expect(other).toHaveURL(/kind=host/);
  await other.getByLabel('Kind').selectOption('Application');
  await expect(record(other, asset)).toBeVisible();
});

test('a finding of the asset is created by hand, and edited', async ({ as }) => {
  const manager = await as('manager');
  const { id } = await post<{ id: string }>(manager, '/findings', {
    company_id: await company(manager),
    title: finding,
    severity: 'high',
  });
  findingPath = `/findings/${id}`;
  const analyst = await as('analyst');
  const other = await watching(manager, assetPath);
  await expect(other.getByText('No findings for this asset.')).toBeVisible();

  await analyst.goto(findingPath);
  await analyst.getByRole('button', { name: 'Edit', exact: true }).click();
  await dialog(analyst).getByLabel('Asset').selectOption({ label: asset });
  await dialog(analyst).getByLabel('CWE').fill('CWE-798');
  await dialog(analyst).getByRole('button', { name: 'Save' }).click();
  await expect(analyst.getByRole('link', { name: asset })).toBeVisible();
  await expect(analyst.getByTestId('history').getByRole('listitem').last()).toContainText('CWE-798');
  await expect(other.getByTestId('finding')).toContainText(finding);
  await sameDocument(other);

  // It has findings now, so it cannot be deleted, and the dialog says why.
  await other.getByRole('button', { name: 'Edit' }).click();
  await dialog(other).getByRole('button', { name: 'Delete' }).click();
  await dialog(other).getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(dialog(other)).toContainText('This asset has findings. Retire it instead.');
});

test('comments on a finding appear at once for every viewer', async ({ as }) => {
  const analyst = await as('analyst');
  const manager = await watching(await as('manager'), findingPath);
  await analyst.goto(findingPath);
  const text = `Rotated <i>today</i> ${tag}`;
  await analyst.getByLabel('Write a comment').fill(text);
  await analyst.getByLabel('Write a comment').press('Control+Enter');
  await expect(analyst.getByLabel('Write a comment')).toHaveValue('');
  const seen = manager.getByTestId('comment').filter({ hasText: text });
  await expect(seen).toContainText('Ana Analyst');
  await expect(seen.getByRole('button', { name: /^Edit/ })).toHaveCount(0);

  const own = analyst.getByTestId('comment').filter({ hasText: text });
  await own.getByRole('button', { name: /^Edit/ }).click();
  const editor = analyst.getByTestId('comment').getByRole('textbox', { name: 'Comment' });
  await editor.fill(`Rotated and revoked ${tag}`);
  await analyst.getByTestId('comment').getByRole('button', { name: 'Save' }).click();
  const changed = manager.getByTestId('comment').filter({ hasText: `Rotated and revoked ${tag}` });
  await expect(changed).toContainText('edited');

  await changed.getByRole('button', { name: 'Delete' }).click();
  await changed.getByRole('button', { name: 'Delete? Click again' }).click();
  for (const page of [manager, analyst]) {
    await expect(page.getByTestId('comment').filter({ hasText: tag })).toHaveCount(0);
  }
  await sameDocument(manager);
});

test('an analyst requests a risk acceptance, a manager decides, both see it', async ({ as }) => {
  const analyst = await as('analyst');
  const manager = await watching(await as('manager'), '/approvals');
  await analyst.goto(findingPath);
  await live(analyst);
  await mark(analyst);
  await analyst.getByRole('button', { name: 'Request risk acceptance' }).click();
  await dialog(analyst).getByRole('button', { name: 'Send request', exact: true }).click();
  await expect(dialog(analyst)).toContainText('Enter why the risk is acceptable.');
  await dialog(analyst).getByLabel('Reason').fill('The key is for tests only.');
  await dialog(analyst).getByRole('button', { name: 'Send request', exact: true }).click();
  const risk = analyst.getByRole('region', { name: 'Risk acceptance' });
  await expect(risk).toContainText('Requested');

  const waiting = manager.getByRole('region', { name: 'Waiting for a decision' });
  await expect(record(manager, finding)).toContainText('Requested');
  await sameDocument(manager);
  await waiting.getByRole('link', { name: finding }).click();
  await expect(manager.getByText('The key is for tests only.')).toBeVisible();
  await manager.getByLabel('Comment').fill('Until the next release.');
  await manager.getByRole('button', { name: 'Approve' }).click();
  await expect(manager.getByText('Until the next release.')).toBeVisible();
  await expect(manager.getByRole('button', { name: 'Approve' })).toHaveCount(0);

  await expect(risk).toContainText('Approved');
  await expect(analyst.getByRole('region', { name: 'Status' })).toContainText('Accepted risk');
  await sameDocument(analyst);
});

// promise: H2
test('a request that changes while it is being read has to be reviewed before the decision', async ({
  as,
}) => {
  const [analyst, manager] = [await as('analyst'), await as('manager')];
  const { id } = await post<{ id: string }>(analyst, '/findings', {
    company_id: await company(analyst),
    title: `Open bucket ${tag}`,
    severity: 'medium',
  });
  const approval = await post<{ id: string }>(analyst, '/approvals', {
    finding_id: id,
    reason: 'Until Friday.',
    expires_at: '2031-01-01T00:00:00Z',
  });
  await manager.goto(`/approvals/${approval.id}`);
  await live(manager);
  await expect(manager.getByText('Until Friday.')).toBeVisible();
  await patch(analyst, `/approvals/${approval.id}`, { reason: 'For ever.' });
  await expect(manager.getByText('For ever.')).toBeVisible();
  await expect(manager.getByText('The request changed while you were reading it.')).toBeVisible();
  await expect(manager.getByRole('button', { name: 'Approve' })).toBeDisabled();
  await manager.getByRole('button', { name: 'I’ve reviewed the changes' }).click();
  await manager.getByRole('button', { name: 'Approve' }).click();
  await expect(manager.getByRole('button', { name: 'Approve' })).toHaveCount(0);

  // It becomes more severe than what was accepted, and the acceptance is withdrawn.
  // promise: H4
  await analyst.goto(`/findings/${id}`);
  await live(analyst);
  const risk = analyst.getByRole('region', { name: 'Risk acceptance' });
  await expect(risk).toContainText('Approved');
  await patch(manager, `/findings/${id}`, { severity: 'urgent' });
  await expect(risk).toContainText('more severe than what was accepted (Medium)');
  await risk.getByRole('button', { name: 'Withdraw acceptance' }).click();
  await risk.getByRole('button', { name: 'Withdraw? Click again' }).click();
  await expect(risk).toContainText('Ended early');
  await expect(analyst.getByRole('region', { name: 'Status' })).toContainText('Open');
});

// promise: H2
test('a decision that arrives after a change is rejected and says so', async ({ as }) => {
  const [analyst, manager] = [await as('analyst'), await as('manager')];
  const { id } = await post<{ id: string }>(analyst, '/findings', {
    company_id: await company(analyst),
    title: `Stale ${tag}`,
    severity: 'low',
  });
  const approval = await post<{ id: string }>(analyst, '/approvals', {
    finding_id: id,
    reason: 'Soon gone.',
    expires_at: '2031-01-01T00:00:00Z',
  });
  // This tab receives no events.
  await manager.route('**/api/v1/stream**', (route) => route.abort());
  await manager.goto(`/approvals/${approval.id}`);
  await expect(manager.getByText('Soon gone.')).toBeVisible();
  await patch(analyst, `/approvals/${approval.id}`, { reason: 'Never gone.' });
  await manager.getByRole('button', { name: 'Approve' }).click();
  await expect(manager.getByText('Nothing was decided')).toBeVisible();
  await expect(manager.getByText('Never gone.')).toBeVisible();
  await manager.getByRole('button', { name: 'I’ve reviewed the changes' }).click();
  await manager.getByRole('button', { name: 'Reject' }).click();
  await expect(manager.getByRole('button', { name: 'Reject' })).toHaveCount(0);
});

test('the requester cannot decide, and withdraws the request', async ({ as }) => {
  const manager = await as('manager');
  const { id } = await post<{ id: string }>(manager, '/findings', {
    company_id: await company(manager),
    title: `Weak cipher ${tag}`,
    severity: 'low',
  });
  const approval = await post<{ id: string }>(manager, '/approvals', {
    finding_id: id,
    reason: 'Old clients need it.',
    expires_at: '2031-01-01T00:00:00Z',
  });
  await manager.goto(`/approvals/${approval.id}`);
  await expect(manager.getByText('You can’t decide on your own request.')).toBeVisible();
  await expect(manager.getByRole('button', { name: 'Approve' })).toHaveCount(0);

  await manager.getByRole('button', { name: 'Edit request' }).click();
  await dialog(manager).getByLabel('Reason').fill('Two old clients need it.');
  await dialog(manager).getByRole('button', { name: 'Save', exact: true }).click();
  await expect(manager.getByText('Two old clients need it.')).toBeVisible();

  await manager.getByRole('button', { name: 'Withdraw' }).click();
  await manager.getByRole('button', { name: 'Withdraw? Click again' }).click();
  await expect(manager.getByRole('heading', { level: 1 })).toHaveText('Approvals');
  await expect(record(manager, `Weak cipher ${tag}`)).toHaveCount(0);
});

test('a report is requested, becomes ready live, and is downloaded', async ({ as }) => {
  const analyst = await as('analyst');
  const other = await watching(await as('manager'), '/reports');
  await analyst.goto('/reports');
  await live(analyst);
  await analyst.getByRole('button', { name: 'New report' }).first().click();
  const name = `All of high ${tag}`;
  await dialog(analyst).getByLabel('High').check();
  await dialog(analyst).getByLabel('Format').selectOption('CSV');
  await dialog(analyst).getByLabel('Name').fill(name);
  await dialog(analyst).getByRole('button', { name: 'Create report' }).click();
  for (const page of [analyst, other]) await expect(record(page, name)).toContainText('Ready');
  await sameDocument(other);

  const coming = analyst.waitForEvent('download');
  await record(analyst, name)
    .getByRole('link', { name: /^Download/ })
    .click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/\.csv$/);

  await analyst.getByRole('link', { name, exact: true }).click();
  await analyst.getByRole('button', { name: 'Rename' }).click();
  await dialog(analyst).getByRole('textbox', { name: 'Name' }).fill(`${name} again`);
  await dialog(analyst).getByRole('button', { name: 'Save' }).click();
  await expect(analyst.getByRole('heading', { level: 1 })).toHaveText(`${name} again`);
  await expect(record(other, `${name} again`)).toBeVisible();
  await analyst.getByRole('button', { name: 'Rename' }).click();
  await dialog(analyst).getByRole('button', { name: 'Delete' }).click();
  await dialog(analyst).getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(analyst.getByRole('heading', { level: 1 })).toHaveText('Reports');
  await expect(record(other, name)).toHaveCount(0);
});

test('a manager creates, edits and deletes an agreement', async ({ as }) => {
  const manager = await as('manager');
  const name = `Penetration tests ${tag}`;
  await manager.goto('/agreements');
  await manager.getByRole('button', { name: 'New agreement' }).first().click();
  await dialog(manager).getByLabel('Name').fill(name);
  await dialog(manager).getByRole('button', { name: 'Create' }).click();
  await expect(dialog(manager)).toContainText('Enter the last day.');
  await dialog(manager).getByLabel('Last day').fill('2031-12-31');
  await dialog(manager).getByLabel('Contracted hours').fill('100');
  await dialog(manager).getByLabel('Hours used').fill('40');
  await dialog(manager).getByRole('button', { name: 'Create' }).click();
  await expect(manager.getByRole('heading', { level: 1 })).toHaveText(name);
  await expect(manager.getByText('40 of 100 hours used, 60 hours left')).toBeVisible();

  await manager.getByRole('button', { name: 'Edit' }).click();
  await dialog(manager).getByLabel('Hours used').fill('130');
  await dialog(manager).getByRole('button', { name: 'Save' }).click();
  await expect(manager.getByText('130 of 100 hours used, 30 hours over')).toBeVisible();
  await manager.goto('/agreements?status=active');
  await expect(record(manager, name)).toContainText(/days left/);
  await record(manager, name).getByRole('link').click();
  await manager.getByRole('button', { name: 'Edit' }).click();
  await dialog(manager).getByRole('button', { name: 'Delete' }).click();
  await dialog(manager).getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(manager.getByRole('heading', { level: 1 })).toHaveText('Agreements');
  await expect(record(manager, name)).toHaveCount(0);
});

test('another tab follows a scan from scheduled to failed', async ({ as }) => {
  const analyst = await as('analyst');
  const other = await watching(await as('manager'), '/scans');
  const name = `Nightly ${tag}`;
  await analyst.goto('/scans');
  await analyst.getByRole('button', { name: 'Schedule scan' }).first().click();
  await dialog(analyst).getByLabel('Name').fill(name);
  await dialog(analyst).getByRole('button', { name: 'Schedule scan' }).click();
  await expect(dialog(analyst)).toContainText('Enter a start time.');
  await dialog(analyst).getByLabel('Starts at').fill('2031-01-01T08:30');
  await dialog(analyst).getByRole('button', { name: 'Schedule scan' }).click();

  const card = other.getByTestId('scan').filter({ hasText: name });
  await expect(card).toHaveAttribute('data-status', 'scheduled');
  await analyst.getByRole('link', { name }).click();
  await analyst.getByRole('button', { name: 'Start now' }).click();
  await expect(card).toHaveAttribute('data-status', 'running');
  await analyst.getByRole('button', { name: 'Mark failed' }).click();
  await dialog(analyst).getByLabel('What went wrong').fill('The host did not answer.');
  await dialog(analyst).getByRole('button', { name: 'Mark failed' }).click();
  await expect(card).toHaveAttribute('data-status', 'failed');
  await expect(card).toContainText('The host did not answer.');
  await sameDocument(other);
  await other.getByLabel('Status').selectOption('Completed');
  await expect(card).toHaveCount(0);
});

test('a project is renamed, activated and deleted', async ({ as }) => {
  const manager = await as('manager');
  const other = await watching(await as('analyst'), '/projects');
  const { id } = await post<{ id: string }>(manager, '/projects', {
    company_id: await company(manager),
    name: `Mobile app ${tag}`,
  });
  await manager.goto(`/projects/${id}`);
  await manager.getByRole('button', { name: 'Edit' }).click();
  await dialog(manager).getByLabel('Status').selectOption('Active');
  await dialog(manager).getByLabel('Name').fill(`Phone app ${tag}`);
  await dialog(manager).getByRole('button', { name: 'Save' }).click();
  await expect(record(other, `Phone app ${tag}`)).toContainText('Active');
  await manager.getByRole('button', { name: 'Edit' }).click();
  await dialog(manager).getByRole('button', { name: 'Delete' }).click();
  await dialog(manager).getByRole('button', { name: 'Delete? Click again' }).click();
  await expect(record(other, `Phone app ${tag}`)).toHaveCount(0);
  await sameDocument(other);
});

test('a viewer can read everything and has no way to write', async ({ as, stranger }) => {
  const page = await viewer(stranger, await as('admin'));
  const names = /^(New |Edit|Delete|Schedule|Import|Approve|Reject|Request|Assign|Comment|Rename|Withdraw)/;
  for (const path of [
    '/assets',
    assetPath,
    '/agreements',
    '/reports',
    '/approvals',
    '/scans',
    '/projects',
    findingPath,
  ]) {
    await page.goto(path);
    await live(page);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('main .skeleton')).toHaveCount(0);
    await expect(page.locator('main').getByRole('button', { name: names }), path).toHaveCount(0);
  }
  await expect(page.getByLabel('Write a comment')).toHaveCount(0);
});

test('a deleted finding says so to everyone viewing it', async ({ as }) => {
  const manager = await as('manager');
  const remove = async (path: string) => {
    await manager.goto(path);
    await manager.getByRole('button', { name: 'Edit', exact: true }).click();
    await dialog(manager).getByRole('button', { name: 'Delete' }).click();
    await dialog(manager).getByRole('button', { name: 'Delete? Click again' }).click();
  };
  // One with a decided risk acceptance cannot be deleted.
  // promise: H5
  await remove(findingPath);
  await expect(dialog(manager)).toContainText('This finding has a decided risk acceptance');

  const { id } = await post<{ id: string }>(manager, '/findings', {
    company_id: await company(manager),
    title: `Gone soon ${tag}`,
    severity: 'low',
  });
  const other = await watching(await as('analyst'), `/findings/${id}`);
  await remove(`/findings/${id}`);
  await expect(manager.getByRole('heading', { level: 1 })).toHaveText('Findings');
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Page not found');
  await sameDocument(other);
});
