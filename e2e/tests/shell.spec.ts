/** The frame of every page: the palette, shortcuts, the help sheet, the company switcher, the phone navigation. */

import type { Page } from '@playwright/test';
import { company, expect, get, live, post, test } from './fixtures.ts';

const stamp = Date.now().toString(36);
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };

/** Every page: its name in the navigation, the key after `g`, its heading. */
const PLACES = [
  ['Dashboard', 'd', 'Dashboard'],
  ['Inbox', 'i', 'Inbox'],
  ['Calendar', 'c', 'Calendar'],
  ['Findings', 'f', 'Findings'],
  ['Scans', 's', 'Scans'],
  ['Targets', 't', 'Targets'],
  ['Approvals', 'v', 'Approvals'],
  ['Reports', 'r', 'Reports'],
  ['Projects', 'p', 'Projects'],
  ['Assets', 'a', 'Assets'],
  ['Agreements', 'm', 'Agreements'],
  ['Settings', ',', 'Profile'],
] as const;
/** Managers have one more. */
const MANAGED = [...PLACES, ['Time to know', 'k', 'Time to know']] as const;

const palette = (page: Page) => page.getByRole('dialog', { name: 'Search and commands' });
const field = (page: Page) => palette(page).getByRole('combobox');
const chosen = (page: Page) => palette(page).getByRole('option', { selected: true });
const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const help = (page: Page) => page.getByRole('dialog', { name: 'Keyboard shortcuts' });

/** A fully loaded page: from then on it handles keys. */
async function at(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  await live(page);
  return page;
}

test('the palette finds a finding by its title, and Enter opens it', async ({ as }) => {
  const page = await at(await as('analyst'), '/calendar');
  const title = `Palette ${stamp} leaks tokens`;
  const { id } = await post<{ id: string }>(page, '/findings', {
    company_id: await company(page),
    title,
    severity: 'critical',
  });
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await field(page).fill(`palette ${stamp}`);
  await expect(chosen(page)).toContainText(title);
  await expect(chosen(page)).toContainText('Critical');
  await page.keyboard.press('ArrowDown');
  await expect(chosen(page)).toHaveText(`All findings matching “palette ${stamp}”`);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/findings/${id}$`));
  await expect(heading(page)).toHaveText(title);
  await expect(heading(page)).toBeFocused();
  await expect(palette(page)).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await field(page).fill(`palette ${stamp}`);
  await palette(page)
    .getByRole('option', { name: /^All findings matching/ })
    .click();
  await expect(page.getByTestId('finding')).toHaveCount(1);
  await expect(page.getByTestId('finding')).toContainText(title);
});

test('the palette goes to a page by a few letters, and runs commands', async ({ as }) => {
  const page = await at(await as('analyst'), '/calendar');
  await page.keyboard.press('/');
  await expect(field(page)).toBeFocused();
  await expect(field(page)).toHaveValue('');
  const places = palette(page).getByRole('group', { name: 'Go to' });
  await expect(places.getByRole('option')).toHaveCount(PLACES.length);
  await page.keyboard.type('agreem');
  await expect(chosen(page)).toContainText('Agreements');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/agreements$/);
  await expect(heading(page)).toHaveText('Agreements');
  await expect(heading(page)).toBeFocused();

  await page.keyboard.press('/');
  await page.keyboard.type('notif');
  await expect(chosen(page)).toContainText('Open notifications');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Inbox' })).toBeVisible();
});

test('the palette says that nothing was found, and Escape returns the focus', async ({ as }) => {
  const page = await at(await as('analyst'), '/scans');
  const link = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Projects' });
  await link.focus();
  await page.keyboard.press('Control+k');
  await field(page).fill(`zz${stamp}zz`);
  await expect(palette(page).getByText(`No results for “zz${stamp}zz”.`)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(palette(page)).toHaveCount(0);
  await expect(link).toBeFocused();
  // The same key closes what it opened.
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await page.keyboard.press('Control+k');
  await expect(palette(page)).toHaveCount(0);
});

test('g and a letter lead to every page', async ({ as }) => {
  const page = await at(await as('analyst'), '/scans');
  const navigation = page.getByRole('navigation', { name: 'Main' });
  for (const [name, key, title] of PLACES) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect(heading(page)).toHaveText(title);
    await expect(navigation.locator('[aria-current=page]')).toContainText(name);
  }
});

test('the help sheet lists the shortcuts of the current page, and turns single keys off', async ({ as }) => {
  const page = await at(await as('analyst'), '/findings');
  await expect(page.getByTestId('finding').first()).toBeVisible();
  await page.keyboard.press('?');
  const section = (name: string) => help(page).locator('section').filter({ hasText: name });
  await expect(section('In a list')).toContainText('Next row');
  await expect(section('In a list')).toContainText('Select the row');
  for (const [name, key] of PLACES) {
    const row = section('Go to').locator('dl > div').filter({ hasText: name });
    await expect(row.locator('kbd')).toHaveText(['g', key]);
  }
  await help(page).getByLabel('Single-key shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await expect(help(page)).toHaveCount(0);

  await page.reload();
  await live(page);
  await expect(page.getByTestId('finding').first()).toBeVisible();
  for (const key of ['?', 'j', 'b', 'g', 'd', '/']) await page.keyboard.press(key);
  // If a key had done something, it would show before this.
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await expect(page.getByRole('dialog')).toHaveCount(1);
  await expect(page).toHaveURL(/\/findings$/);
  await expect(palette(page).locator('kbd'), 'keys that do nothing are not shown').toHaveCount(0);

  await page.keyboard.type('shortcuts');
  await page.keyboard.press('Enter');
  await help(page).getByLabel('Single-key shortcuts').check();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(heading(page)).toHaveText('Dashboard');
});

test('a key typed into a field is only text', async ({ as }) => {
  const page = await at(await as('analyst'), '/findings');
  await expect(page.getByTestId('finding').first()).toBeVisible();
  const search = page.getByRole('searchbox', { name: 'Search title, rule, location or CVE' });
  await search.click();
  await page.keyboard.type('g d ? / b x');
  await expect(search).toHaveValue('g d ? / b x');
  await expect(page).toHaveURL(/\/findings\?text=/);
  await expect(search, 'filtering a list leaves the focus in the field').toBeFocused();
  await expect(search).toHaveValue('g d ? / b x');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(heading(page)).toHaveText('Findings');

  await page.goto('/inbox');
  await live(page);
  await page.getByLabel('Event type', { exact: true }).focus();
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(heading(page)).toHaveText('Inbox');
  await page.getByLabel('Event type', { exact: true }).blur();
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(heading(page)).toHaveText('Dashboard');
});

/** A finding in each of the manager's two companies. */
async function ofBoth(manager: Page, admin: Page): Promise<{ ours: string; theirs: string }> {
  const { companies } = await get<{ companies: { id: string; name: string }[] }>(manager, '/me');
  const [ours, theirs] = [`Ours ${stamp}`, `Theirs ${stamp}`];
  const north = companies.find(({ name }) => name.startsWith('Northwind'))?.id;
  await post(manager, '/findings', { company_id: await company(manager), title: ours, severity: 'low' });
  await post(admin, '/findings', { company_id: north, title: theirs, severity: 'low' });
  return { ours, theirs };
}

test('a user with two companies views one or all', async ({ as }) => {
  const page = await as('manager');
  const { ours, theirs } = await ofBoth(page, await as('admin'));
  const titles = page.getByTestId('finding').getByRole('link');
  const switcher = page.getByRole('button', { name: /^Company: / });
  const choose = async (name: RegExp) => {
    await page.getByRole('dialog', { name: 'Switch company' }).getByRole('button', { name }).click();
  };
  await at(page, `/findings?text=${stamp}&status=all&sort=newest`);
  await expect(switcher).toHaveText('All companies');
  await expect(titles.filter({ hasText: ours })).toBeVisible();
  await expect(titles.filter({ hasText: theirs })).toBeVisible();

  await switcher.click();
  await choose(/^Northwind/);
  await expect(titles).toHaveText([theirs]);
  await expect(switcher).toContainText('Northwind');
  await expect(switcher).toBeFocused();
  await page.reload();
  await expect(titles).toHaveText([theirs]);

  // They are only a viewer there.
  await page.getByRole('link', { name: 'Scans' }).click();
  await expect(heading(page)).toHaveText('Scans');
  await expect(page.getByText('No scans yet')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Import results' })).toHaveCount(0);
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await choose(/^Demo Company/);
  await expect(page.getByTestId('scan').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Import results' })).toBeVisible();

  await page.goto(`/findings?text=${stamp}&status=all&sort=newest`);
  await expect(titles.filter({ hasText: ours })).toBeVisible();
  await expect(titles.filter({ hasText: theirs })).toHaveCount(0);
});

test('a user with one company is not asked which', async ({ newcomer }) => {
  const page = await (await newcomer(`Una ${stamp}`, 'analyst')).open();
  await at(page, '/findings');
  await expect(page.getByText('Demo Company (sample data)').first()).toBeVisible();
  await expect(page.getByRole('button', { name: /^Company: / })).toHaveCount(0);
  await page.keyboard.press('Control+k');
  await field(page).fill('company');
  await expect(palette(page).getByRole('option', { name: /^All findings/ })).toBeVisible();
  await expect(palette(page).getByRole('option', { name: /Switch company/ })).toHaveCount(0);
});

test('the first Tab stop skips to the content', async ({ as }) => {
  const page = await at(await as('analyst'), '/projects');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('main').locator(':focus')).toHaveCount(1);
});

test('on a phone the bar and its sheet lead to every page', async ({ as }) => {
  const page = await at(await as('manager', PHONE), '/scans');
  const bar = page.getByRole('navigation', { name: 'Main' });
  await expect(bar).toHaveCount(1);
  await expect(bar.getByRole('link')).toContainText(['Dashboard', 'Findings', 'Calendar', 'Inbox']);
  const sheet = page.getByRole('dialog', { name: 'All pages' });
  for (const [name, , title] of MANAGED) {
    await bar.getByRole('button', { name: 'More' }).tap();
    await expect(sheet.getByRole('link')).toHaveCount(MANAGED.length);
    await sheet.getByRole('link', { name }).tap();
    await expect(heading(page)).toHaveText(title);
    await expect(sheet).toHaveCount(0);
  }
  await bar.getByRole('link', { name: 'Dashboard' }).tap();
  await expect(heading(page)).toHaveText('Dashboard');
  await expect(bar.locator('[aria-current=page]')).toHaveText('Dashboard');
});

test('on a phone the company can be switched from the account and from the search', async ({ as }) => {
  const page = await at(await as('manager', PHONE), '/projects');
  const choice = page.getByRole('dialog', { name: 'Switch company' });
  const rows = page.getByTestId('record');
  await expect(rows.filter({ hasText: 'Warehouse' })).toBeVisible();
  await page.getByRole('button', { name: 'Account' }).tap();
  await page.getByRole('button', { name: 'Company: All companies' }).tap();
  await choice.getByRole('button', { name: /^Demo Company/ }).tap();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(rows.filter({ hasText: 'Web shop' })).toBeVisible();
  await expect(rows.filter({ hasText: 'Warehouse' })).toHaveCount(0);

  await page.getByRole('button', { name: 'Search', exact: true }).tap();
  await field(page).fill('switch company');
  await palette(page).getByRole('option', { name: 'Switch company', exact: true }).tap();
  await choice.getByRole('button', { name: /^Northwind/ }).tap();
  await expect(rows).toHaveText([/Warehouse/]);
});

/** A page with actions: the buttons of a manager, and the title that a viewer sees. */
interface Writing {
  path: string;
  buttons: (string | RegExp)[];
  title: string | RegExp;
}

/** One of each kind of record that can be edited. */
async function writings(manager: Page, analyst: Page): Promise<Writing[]> {
  const company_id = await company(manager);
  const make = async (who: Page, path: string, data: object) =>
    `${path}/${(await post<{ id: string }>(who, path, data)).id}`;
  const name = `Look ${stamp}`;
  const finding = await make(analyst, '/findings', { company_id, title: name, severity: 'low' });
  const asked = await make(analyst, '/findings', { company_id, title: `Asked ${stamp}`, severity: 'low' });
  const approval = await make(analyst, '/approvals', {
    finding_id: asked.split('/').at(-1),
    reason: 'It goes away.',
    expires_at: '2031-01-01T00:00:00Z',
  });
  const scan = await make(analyst, '/scans', { company_id, name, scheduled_at: '2031-01-01T00:00:00Z' });
  const project = await make(manager, '/projects', { company_id, name, status: 'planned' });
  const asset = await make(analyst, '/assets', { company_id, name, kind: 'host', criticality: 'low' });
  const agreement = await make(manager, '/agreements', { company_id, name, expires_on: '2031-01-01' });
  const report = await make(analyst, '/reports', { company_id, name, format: 'csv' });
  return [
    {
      path: finding,
      buttons: ['Edit', 'Assign', 'Assign to me', 'Request risk acceptance', 'Comment'],
      title: name,
    },
    { path: '/scans', buttons: ['Import results', 'Schedule scan'], title: 'Scans' },
    { path: scan, buttons: ['Edit', 'Start now', 'Mark completed', 'Mark failed'], title: name },
    { path: '/projects', buttons: ['New project'], title: 'Projects' },
    { path: project, buttons: ['Edit'], title: name },
    { path: '/assets', buttons: ['New asset'], title: 'Assets' },
    { path: asset, buttons: ['Edit'], title: name },
    { path: '/agreements', buttons: ['New agreement'], title: 'Agreements' },
    { path: agreement, buttons: ['Edit'], title: name },
    { path: '/reports', buttons: ['New report'], title: 'Reports' },
    { path: report, buttons: ['Rename'], title: name },
    { path: approval, buttons: ['Approve', 'Reject', 'Edit request', 'Withdraw'], title: /Asked/ },
    { path: '/settings/teams', buttons: ['New team'], title: 'Teams' },
  ];
}

test('a viewer is shown no way to write', async ({ as }) => {
  test.setTimeout(120_000);
  const [manager, viewer] = [await as('manager'), await as('viewer')];
  const all = await writings(manager, await as('analyst'));
  for (const { path, buttons, title } of all) {
    await manager.goto(path);
    await viewer.goto(path);
    for (const page of [manager, viewer]) await expect(heading(page)).toHaveText(title);
    // The lists below load last; the manager's buttons show that everything is loaded.
    for (const name of buttons) {
      await expect(
        manager.getByRole('main').getByRole('button', { name, exact: true }).first(),
        `${path}: ${name}`,
      ).toBeVisible();
    }
    await live(viewer);
    await expect(viewer.getByRole('main').locator('[aria-busy=true]')).toHaveCount(0);
    for (const name of buttons) {
      await expect(
        viewer.getByRole('main').getByRole('button', { name, exact: true }),
        `${path}: ${name}`,
      ).toHaveCount(0);
    }
    await expect(viewer.getByRole('main').getByRole('textbox'), path).toHaveCount(0);
    await expect(viewer.getByRole('main').getByRole('radio'), path).toHaveCount(0);
  }
});

test('each role has its own sections of the settings, and no URL opens another', async ({ as }) => {
  const yours = ['Profile', 'Notifications', 'Personal chat', 'Calendar feeds', 'Tokens and sessions'];
  const sections = {
    viewer: [...yours, 'Teams'],
    manager: [...yours, 'Teams', 'Rules', 'Ownership', 'SLA', 'Companies'],
    admin: [
      ...yours,
      'Teams',
      'Rules',
      'Ownership',
      'SLA',
      'Companies',
      'Users',
      'Destinations',
      'Deliveries',
      'Announcements',
      'Nodes',
      'Audit log',
    ],
  };
  for (const who of ['viewer', 'manager', 'admin'] as const) {
    const page = await as(who);
    await page.goto('/settings');
    const links = page.getByRole('navigation', { name: 'Settings' }).getByRole('link');
    await expect(links).toHaveText(sections[who]);
  }
  for (const [who, names] of [
    [
      'viewer',
      ['sla', 'companies', 'people', 'rules', 'ownership', 'destinations', 'deliveries', 'nodes', 'audit'],
    ],
    ['manager', ['people', 'destinations', 'deliveries', 'announcements', 'nodes', 'audit']],
  ] as const) {
    const page = await as(who);
    for (const name of names) {
      await page.goto(`/settings/${name}`);
      await expect(heading(page), `${who} at ${name}`).toHaveText('Page not found');
    }
  }
});

test('a page that was left sends no more requests, and none with the id of the next one', async ({ as }) => {
  const page = await as('manager');
  const { items } = await get<{ items: { id: string; name: string }[] }>(page, '/projects?text=Web%20shop');
  await page.goto(`/projects/${items[0]?.id ?? ''}`);
  const scan = page.getByRole('link', { name: 'Demo Scanner report' });
  await expect(scan).toBeVisible();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await scan.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Demo Scanner report');
  await expect(page.getByRole('table')).toBeVisible();
  expect(asked.filter((path) => path.startsWith('/api/v1/projects/'))).toEqual([]);
});

test('everything on the findings page can be reached by keyboard', async ({ as }) => {
  const page = await as('analyst');
  await page.goto('/findings');
  await live(page);
  await expect(page.getByTestId('finding').first()).toBeVisible();
  const seen: string[] = [];
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const one = document.activeElement;
      if (!(one instanceof HTMLElement) || one === document.body) return '';
      const ring = getComputedStyle(one);
      const after = getComputedStyle(one, '::after');
      const visible = ring.outlineStyle !== 'none' || after.outlineStyle !== 'none';
      return `${visible ? '' : 'NO RING '}${one.getAttribute('aria-label') ?? one.textContent?.trim() ?? ''}`;
    });
    seen.push(focused);
  }
  expect(seen.filter((one) => one.startsWith('NO RING'))).toEqual([]);
  expect(seen[0]).toBe('Skip to content');
  for (const name of ['Findings', 'Scans', 'Calendar', 'Assigned to', 'Sign out']) {
    expect(
      seen.some((one) => one.includes(name)),
      name,
    ).toBe(true);
  }
});
