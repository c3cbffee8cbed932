/** Every page in light, dark and on a phone: no axe violation, and a screenshot to review. */

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions, Page } from '@playwright/test';
import { expect, get, live, post, put, test } from './fixtures.ts';
import { violations } from './axe.ts';
import { settled } from './looks.ts';
import { imported, newProject, sample } from './reports.ts';

// Each pass takes minutes: they share the workers.
test.describe.configure({ mode: 'parallel' });

const OUT = fileURLToPath(new URL('../out/', import.meta.url));

const looks: Record<string, BrowserContextOptions> = {
  light: { colorScheme: 'light', viewport: { width: 1360, height: 860 } },
  dark: { colorScheme: 'dark', viewport: { width: 1360, height: 860 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true },
};

async function firstFinding(page: Page): Promise<string> {
  const list = (await (await page.request.get('/api/v1/findings?limit=1')).json()) as {
    items: { id: string }[];
  };
  return `/findings/${list.items[0]?.id ?? ''}`;
}
/** An event that nobody was notified of. */
async function reachedNobody(page: Page): Promise<string> {
  const { items } = await get<{ items: { id: string; title: string; type: string }[] }>(page, '/activity');
  const found = items.find(({ title, type }) => title === 'Newest' && type === 'finding.created');
  return `/settings/events/${found?.id ?? ''}`;
}
async function firstOf(page: Page, kind: string): Promise<string> {
  const list = (await (await page.request.get(`/api/v1/${kind}?limit=1`)).json()) as {
    items: { id: string }[];
  };
  return `/${kind}/${list.items[0]?.id ?? ''}`;
}

interface Place {
  name: string;
  path: string | ((page: Page) => Promise<string>);
  then?: (page: Page) => Promise<unknown>;
}

/** The project with its own reports; created for each pass. */
let shop = '';
const inShop = async (page: Page, kind: string, what: string): Promise<string> => {
  const list = (await (await page.request.get(`/api/v1/${kind}?project_id=${shop}`)).json()) as {
    items: { id: string; title?: string; name?: string }[];
  };
  return `/${kind}/${list.items.find((one) => (one.title ?? one.name)?.includes(what))?.id ?? ''}`;
};

/** Two lines that name users of the demo company, and one that names nobody. */
const CODEOWNERS = '*.rs analyst@demo.test\nsrc/payments/ manager@demo.test\n/docs/ @nobody-here\n';

const bell = (page: Page) => page.getByRole('button', { name: /^Notifications/ });

const places: Place[] = [
  { name: 'dashboard', path: '/dashboard' },
  {
    name: 'dashboard-table',
    path: '/dashboard',
    then: (page) => page.getByText('Show table').click(),
  },
  { name: 'palette', path: '/dashboard', then: (page) => page.keyboard.press('Control+k') },
  { name: 'help', path: '/dashboard', then: (page) => page.keyboard.press('?') },
  { name: 'findings', path: '/findings' },
  { name: 'findings-filtered', path: '/findings?severity=high,critical&status=all' },
  { name: 'findings-none', path: '/findings?text=nothing%20is%20called%20this' },
  {
    name: 'findings-selected',
    path: '/findings',
    then: (page) => page.getByTestId('finding').getByRole('checkbox').first().check(),
  },
  {
    name: 'findings-new',
    path: '/findings',
    then: (page) => page.getByRole('button', { name: 'New finding' }).click(),
  },
  {
    name: 'findings-view',
    path: '/findings?assignee=none&sort=due',
    then: (page) => page.getByRole('button', { name: 'Save view' }).click(),
  },
  { name: 'finding', path: firstFinding },
  {
    name: 'finding-status',
    path: firstFinding,
    then: (page) => page.getByRole('region', { name: 'Status' }).locator('label').first().click(),
  },
  {
    name: 'finding-assign',
    path: firstFinding,
    then: (page) =>
      page
        .getByRole('region', { name: 'Assigned to' })
        .getByRole('button', { name: /^(Assign|Change)$/ })
        .click(),
  },
  { name: 'scans', path: '/scans' },
  {
    name: 'scans-import',
    path: '/scans',
    then: (page) => page.getByRole('button', { name: 'Import results' }).first().click(),
  },
  {
    name: 'import-preview',
    path: () => Promise.resolve(`/scans?project_id=${shop}`),
    then: async (page) => {
      await page.getByRole('button', { name: 'Import results' }).first().click();
      await page.getByLabel('Choose files').setInputFiles(['web-2.json', 'worker-1.json'].map(sample));
      await expect(page.locator('[data-stage=ready]')).toHaveCount(2);
    },
  },
  {
    name: 'import-columns',
    path: () => Promise.resolve(`/scans?project_id=${shop}`),
    then: async (page) => {
      await page.getByRole('button', { name: 'Import results' }).first().click();
      await page.getByLabel('Choose files').setInputFiles(sample('pentest.csv'));
      await page.getByLabel('Column Rating').selectOption('severity');
    },
  },
  { name: 'scan-report', path: (page) => inShop(page, 'scans', 'Trivy') },
  { name: 'finding-facts', path: (page) => inShop(page, 'findings', 'lodash') },
  { name: 'finding-code', path: (page) => inShop(page, 'findings', 'no-eval') },
  { name: 'targets', path: '/targets' },
  {
    name: 'targets-retire',
    path: '/targets',
    then: (page) =>
      page
        .getByRole('button', { name: /^Retire/ })
        .first()
        .click(),
  },
  { name: 'scan', path: (page) => firstOf(page, 'scans') },
  { name: 'projects', path: '/projects' },
  {
    name: 'projects-new',
    path: '/projects',
    then: (page) => page.getByRole('button', { name: 'New project' }).click(),
  },
  { name: 'project', path: (page) => firstOf(page, 'projects') },
  {
    name: 'project-edit',
    path: (page) => firstOf(page, 'projects'),
    then: (page) => page.getByRole('button', { name: 'Edit', exact: true }).click(),
  },
  {
    name: 'finding-edit',
    path: firstFinding,
    then: (page) => page.locator('main').getByRole('button', { name: 'Edit', exact: true }).first().click(),
  },
  {
    name: 'finding-risk',
    path: firstFinding,
    then: (page) => page.getByRole('button', { name: 'Request risk acceptance' }).click(),
  },
  {
    name: 'scans-schedule',
    path: '/scans',
    then: (page) => page.getByRole('button', { name: 'Schedule scan' }).click(),
  },
  { name: 'assets', path: '/assets' },
  {
    name: 'assets-new',
    path: '/assets',
    then: (page) => page.getByRole('button', { name: 'New asset' }).first().click(),
  },
  { name: 'asset', path: (page) => firstOf(page, 'assets') },
  { name: 'agreements', path: '/agreements' },
  {
    name: 'agreements-new',
    path: '/agreements',
    then: (page) => page.getByRole('button', { name: 'New agreement' }).first().click(),
  },
  { name: 'agreement', path: (page) => firstOf(page, 'agreements') },
  { name: 'reports', path: '/reports' },
  {
    name: 'reports-new',
    path: '/reports',
    then: (page) => page.getByRole('button', { name: 'New report' }).first().click(),
  },
  { name: 'report', path: (page) => firstOf(page, 'reports') },
  { name: 'approvals', path: '/approvals' },
  { name: 'approval', path: (page) => firstOf(page, 'approvals') },
  { name: 'calendar-month', path: '/calendar?view=month' },
  { name: 'calendar-week', path: '/calendar?view=week' },
  { name: 'calendar-agenda', path: '/calendar?view=agenda' },
  {
    name: 'calendar-item',
    path: '/calendar?view=agenda',
    then: (page) => page.getByTestId('calendar-item').first().click(),
  },
  { name: 'inbox', path: '/inbox' },
  { name: 'inbox-unread', path: '/inbox?show=unread' },
  {
    name: 'inbox-why',
    path: '/inbox',
    then: async (page) => {
      await page
        .getByRole('button', { name: /^Why did I get this/ })
        .first()
        .click();
      await expect(page.getByTestId('answer')).toBeVisible();
    },
  },
  { name: 'time-to-know', path: '/insights' },
  { name: 'trace-nobody', path: reachedNobody },
  { name: 'bell', path: '/findings', then: (page) => bell(page).click() },
  { name: 'not-found', path: '/nowhere' },
  { name: 'settings-profile', path: '/settings/profile' },
  { name: 'settings-access', path: '/settings/access' },
  { name: 'settings-feeds', path: '/settings/feeds' },
  { name: 'settings-ownership', path: '/settings/ownership' },
  {
    name: 'settings-ownership-rule',
    path: '/settings/ownership',
    then: (page) => page.getByRole('button', { name: 'New rule' }).click(),
  },
  {
    name: 'settings-codeowners',
    path: '/settings/ownership',
    then: async (page) => {
      await page.getByRole('button', { name: 'Import CODEOWNERS' }).click();
      await page.getByLabel('File contents').fill(CODEOWNERS);
      await page.getByRole('button', { name: 'Preview' }).click();
      await expect(page.getByTestId('unmapped')).toBeVisible();
    },
  },
  { name: 'settings-notifications-all', path: '/settings/notifications?show=all' },
  { name: 'settings-sla', path: '/settings/sla' },
  { name: 'settings-notifications', path: '/settings/notifications' },
  { name: 'settings-chat', path: '/settings/chat' },
  { name: 'settings-teams', path: '/settings/teams' },
  {
    name: 'settings-team',
    path: '/settings/teams',
    then: (page) => page.getByRole('button', { name: 'New team' }).click(),
  },
];

/** One of each kind of record that the demo company may lack, with a comment on its finding. */
async function records(page: Page, analyst: Page): Promise<void> {
  const { companies } = (await (await page.request.get('/api/v1/me')).json()) as {
    companies: { id: string }[];
  };
  const company_id = companies[0]?.id;
  shop = (await newProject(page, 'Shop')).id;
  await imported(page, shop, 'web-1.json', 'eval.sarif');
  await owned(page, company_id ?? '');
  const made = (who: Page, path: string, data: object) => post<{ id: string }>(who, path, data);
  await made(analyst, '/assets', {
    company_id,
    name: 'Order service',
    kind: 'application',
    criticality: 'critical',
    identifier: 'https://shop.demo.test/orders',
  });
  await made(page, '/agreements', {
    company_id,
    name: 'Penetration tests',
    expires_on: '2030-12-31',
    hours: 120,
    hours_used: 86,
  });
  await made(analyst, '/reports', { company_id, format: 'csv', name: 'Everything' });
  const finding = await made(analyst, '/findings', { company_id, title: 'Old library', severity: 'low' });
  await made(analyst, `/findings/${finding.id}/comments`, { body: 'It goes away in March.' });
  await made(analyst, '/approvals', {
    finding_id: finding.id,
    reason: 'It goes away in March.',
    expires_at: '2030-01-01T00:00:00Z',
  });
  // The first finding in the list has no request for a risk acceptance.
  await made(analyst, '/findings', { company_id, title: 'Newest', severity: 'medium' });
}

/** Ownership rules, one of which never applies, and a team with a channel. */
async function owned(page: Page, company: string): Promise<void> {
  const people = await get<{ items: { id: string; name: string }[] }>(page, `/users?company_id=${company}`);
  const teams = await get<{ items: { id: string; name: string }[] }>(page, `/teams?company_id=${company}`);
  const [user, team] = [people.items[0]?.id, teams.items[0]?.id];
  await put(page, `/companies/${company}/ownership-rules`, {
    items: [
      { match: { path: 'src/payments/**', min_severity: 'high' }, user_ids: [user], team_ids: [team] },
      { match: { tool: 'trivy', component: '*log4j*' }, user_ids: [], team_ids: [team] },
      { match: {}, user_ids: [user], team_ids: [] },
      { match: { tag: 'pci' }, user_ids: [user], team_ids: [] },
    ],
  });
  if (teams.items.some(({ name }) => name === 'Night shift')) return;
  await post(page, '/teams', {
    company_id: company,
    name: 'Night shift',
    member_ids: [user],
    slack_webhook_url: 'https://hooks.slack.com/services/T0/B0/nightshift',
  });
}

async function latestEvent(page: Page): Promise<string> {
  const log = (await (await page.request.get('/api/v1/deliveries?limit=1')).json()) as {
    items: { event_id: string }[];
  };
  return `/settings/events/${log.items[0]?.event_id ?? ''}`;
}

/** Pages only for administrators. */
const adminPlaces: Place[] = [
  { name: 'settings-rules', path: '/settings/rules' },
  {
    name: 'settings-rule',
    path: '/settings/rules',
    then: (page) => page.getByRole('button', { name: 'New rule' }).click(),
  },
  {
    name: 'settings-dry-run',
    path: '/settings/rules',
    then: async (page) => {
      await page.getByRole('button', { name: 'New rule' }).click();
      await page.getByLabel('Event').selectOption('finding.created');
      await page.getByLabel('Addresses').fill('ops@demo.test');
      await page.getByRole('button', { name: 'Preview' }).click();
      await expect(page.getByText('Messages per day')).toBeVisible();
    },
  },
  {
    name: 'settings-rule-webhook',
    path: '/settings/rules',
    then: async (page) => {
      await page.getByRole('button', { name: 'New rule' }).click();
      await page.getByLabel('Event').selectOption('finding.created');
      await page.getByLabel('Channel').selectOption('webhook');
      await page.getByText('Filters', { exact: true }).click();
      await page.getByRole('button', { name: 'Save' }).click();
      await expect(page.getByText('Enter at least one URL.')).toBeVisible();
    },
  },
  { name: 'settings-destinations', path: '/settings/destinations' },
  {
    name: 'settings-destination',
    path: '/settings/destinations',
    then: (page) => page.getByTestId('destination').first().getByRole('button').click(),
  },
  { name: 'settings-announcements', path: '/settings/announcements' },
  { name: 'settings-nodes', path: '/settings/nodes' },
  { name: 'settings-audit', path: '/settings/audit' },
  { name: 'settings-deliveries', path: '/settings/deliveries' },
  {
    name: 'settings-delivery',
    path: '/settings/deliveries',
    then: (page) => page.getByTestId('delivery').first().getByRole('button').click(),
  },
  {
    name: 'settings-trace',
    path: latestEvent,
    then: async (page) => {
      const ask = page.getByRole('region', { name: 'Ask about a person' });
      await ask.getByLabel('Search name or email').fill('vic');
      // The list before the search contains this user, too.
      await expect(ask.getByRole('listitem')).toHaveCount(1);
      await page.getByRole('button', { name: 'Vic Viewer' }).click();
      await expect(page.getByTestId('answer')).toBeVisible();
    },
  },
  { name: 'settings-people', path: '/settings/people' },
  {
    name: 'settings-person',
    path: '/settings/people',
    then: (page) => page.getByRole('button', { name: 'New user' }).click(),
  },
  { name: 'settings-companies', path: '/settings/companies' },
  {
    name: 'settings-members',
    path: '/settings/companies',
    then: (page) => page.getByRole('button', { name: 'Members' }).first().click(),
  },
];

const CONTRAST = ['dashboard', 'findings', 'finding', 'calendar-month', 'inbox', 'settings-notifications'];
const contrasts: Record<string, BrowserContextOptions> = {
  'contrast-light': { contrast: 'more', colorScheme: 'light' },
  'contrast-dark': { contrast: 'more', colorScheme: 'dark' },
  'contrast-theme': { forcedColors: 'active', colorScheme: 'dark' },
};

/** Opens the page, takes a screenshot, and returns its violations. */
async function lookAt(page: Page, { name, path, then }: Place, look: string): Promise<string[]> {
  await page.goto(typeof path === 'string' ? path : await path(page));
  await live(page);
  await settled(page);
  await then?.(page);
  if (then) await settled(page);
  await page.screenshot({ path: `${OUT}${name}-${look}.png` });
  const found = (await violations(page)).map((one) => `${name}: ${one}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  return wide ? [...found, `${name}: scrolls sideways`] : found;
}

test.beforeAll(() => {
  mkdirSync(OUT, { recursive: true });
});

for (const [look, options] of Object.entries(looks)) {
  test(`every page passes axe: ${look}`, async ({ as, stranger }) => {
    test.setTimeout(400_000);
    const out = await stranger(options);
    await out.goto('/sign-in');
    await expect(out.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await settled(out);
    await out.screenshot({ path: `${OUT}sign-in-${look}.png` });
    const found = (await violations(out)).map((one) => `sign-in: ${one}`);

    const manager = await as('manager', options);
    const admin = await as('admin', options);
    await records(manager, await as('analyst', options));
    const all = [
      ...places.map((place) => ({ ...place, page: manager })),
      ...adminPlaces.map((place) => ({ ...place, page: admin })),
    ];
    for (const { page, ...place } of all) found.push(...(await lookAt(page, place, look)));
    expect(found).toEqual([]);
  });
}

test('more contrast, and the colors of a high contrast theme, pass axe too', async ({ as }) => {
  test.setTimeout(300_000);
  const some = places.filter(({ name }) => CONTRAST.includes(name));
  const found: string[] = [];
  for (const [look, options] of Object.entries(contrasts)) {
    const page = await as('manager', { ...options, viewport: { width: 1360, height: 860 } });
    for (const place of some) found.push(...(await lookAt(page, place, look)));
  }
  expect(found).toEqual([]);
});

test('a long title is visible at every width, and widens no page', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/findings');
  const { companies } = (await (await page.request.get('/api/v1/me')).json()) as {
    companies: { id: string }[];
  };
  const title = `Endless ${'x'.repeat(150)}`;
  const made = await page.request.post('/api/v1/findings', {
    data: {
      company_id: companies[0]?.id,
      title,
      description: 'y'.repeat(400),
      location: `src/${'deep/'.repeat(40)}end.py:1`,
      severity: 'urgent',
    },
    headers: { origin: new URL(page.url()).origin },
  });
  expect(made.ok()).toBe(true);
  const { id } = (await made.json()) as { id: string };
  for (const width of [360, 390, 820, 1041, 1100, 1280, 1600]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ['/findings?text=endless', `/findings/${id}`]) {
      await page.goto(path);
      const name = page.getByText(title).filter({ visible: true }).first();
      await expect(name).toBeVisible();
      expect((await name.boundingBox())?.width, `${path} at ${width}`).toBeGreaterThan(180);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide, `${path} at ${width} scrolls sideways`).toBeLessThanOrEqual(0);
    }
  }
});

test('untrusted text stays text', async ({ as }) => {
  const page = await as('manager');
  await page.goto('/findings');
  const companies = (await (await page.request.get('/api/v1/me')).json()) as { companies: { id: string }[] };
  const title = '<img src=x onerror=alert(1)> "quoted" & {{braces}}';
  const made = await page.request.post('/api/v1/findings', {
    data: {
      company_id: companies.companies[0]?.id,
      title,
      description: '<script>alert(1)</script>\n[link](javascript:alert(1))',
      severity: 'urgent',
    },
    headers: { origin: new URL(page.url()).origin },
  });
  expect(made.ok()).toBe(true);
  const { id } = (await made.json()) as { id: string };
  await page.goto(`/findings/${id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  await expect(page.getByText('<script>alert(1)</script>')).toBeVisible();
  expect(await page.locator('main img, main a[href^="javascript"]').count()).toBe(0);
  await page.screenshot({ path: `${OUT}finding-hostile.png` });
});
