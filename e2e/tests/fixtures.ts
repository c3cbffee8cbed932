/**
 * What every test has: the server, and users of the demo company, each in their own browser. A page that
 * logs an error, violates the content security policy or contacts a foreign host fails its test.
 */

import {
  test as base,
  expect,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from '@playwright/test';
import { follow } from './looks.ts';
import { start, type Server } from './server.ts';

export const PASSWORD = 'campanile-demo';
export type Who = 'admin' | 'manager' | 'analyst' | 'viewer';
export type Role = Exclude<Who, 'admin'>;
export const email = (who: Who): string => `${who}@demo.test`;

type State = Exclude<BrowserContextOptions['storageState'], string | undefined>;

/** A user created for one test: nobody else's work notifies them. */
export interface Newcomer {
  id: string;
  name: string;
  open: (options?: BrowserContextOptions) => Promise<Page>;
}

interface PerWorker {
  server: Server;
  states: Map<Who, State>;
}

interface PerTest {
  /** A page of a signed-in user. */
  as: (who: Who, options?: BrowserContextOptions) => Promise<Page>;
  /** A page without a session. */
  stranger: (options?: BrowserContextOptions) => Promise<Page>;
  /** A new user with a unique name, in the demo company. */
  newcomer: (name: string, role: Role) => Promise<Newcomer>;
}

async function signedIn(browser: Browser, url: string, address: string): Promise<State> {
  const context = await browser.newContext({ baseURL: url });
  const answer = await context.request.post('/api/v1/auth/login', {
    data: { email: address, password: PASSWORD },
  });
  expect(answer.ok(), `${address} signs in: ${answer.status()}`).toBe(true);
  const state = await context.storageState();
  await context.close();
  return state;
}

function watch(page: Page, url: string, troubles: string[]): void {
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // The browser logs a 4xx answer; the tests check how the page handles it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      troubles.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.protocol.startsWith('http') && asked.origin !== new URL(url).origin) {
      troubles.push(`foreign request: ${request.url()}`);
    }
  });
}

export const test = base.extend<PerTest, PerWorker>({
  server: [
    async ({}, use) => {
      const server = await start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  states: [
    async ({}, use) => {
      await use(new Map());
    },
    { scope: 'worker' },
  ],
  stranger: async ({ browser, server }, use) => {
    const troubles: string[] = [];
    const opened: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ baseURL: server.url, ...options });
      context.on('page', (page) => {
        watch(page, options.baseURL ?? server.url, troubles);
        follow(page);
      });
      const page = await context.newPage();
      opened.push(context);
      return page;
    });
    for (const context of opened) await context.close();
    expect(troubles).toEqual([]);
  },
  as: async ({ browser, server, states, stranger }, use) => {
    await use(async (who, options = {}) => {
      let storageState = states.get(who);
      if (!storageState) {
        storageState = await signedIn(browser, server.url, email(who));
        states.set(who, storageState);
      }
      return stranger({ ...options, storageState });
    });
  },
  newcomer: async ({ browser, server, as, stranger }, use) => {
    await use(async (name, role) => {
      const admin = await as('admin');
      const address = `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}@demo.test`;
      const { id } = await post<{ id: string }>(admin, '/users', {
        email: address,
        name,
        password: PASSWORD,
      });
      await put(admin, `/companies/${await company(admin)}/members/${id}`, { role });
      const storageState = await signedIn(browser, server.url, address);
      return { id, name, open: (options = {}) => stranger({ ...options, storageState }) };
    });
  },
});

export { expect };

/** Waits until the page is live: from here on it receives every event. */
export async function live(page: Page): Promise<void> {
  await expect(page.getByTestId('live-state').filter({ visible: true })).toHaveText('Live');
}

/** The bell with the given unread count. */
export const bell = (page: Page, unread: number): Locator =>
  page.getByRole('button', { name: `Notifications, ${unread || 'none'} unread`, exact: true });

/** Marks the page; `sameDocument` checks later that it was never reloaded. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(window, { neverReloaded: true }));
}

export async function sameDocument(page: Page): Promise<void> {
  expect(await page.evaluate(() => 'neverReloaded' in window), 'the page was not loaded again').toBe(true);
}

async function write<T>(
  page: Page,
  method: 'POST' | 'PUT' | 'PATCH',
  path: string,
  data: object,
): Promise<T> {
  // A page that has not been opened yet has no origin to send.
  if (page.url() === 'about:blank') await page.goto('/inbox');
  const answer = await page.request.fetch(`/api/v1${path}`, {
    method,
    data,
    headers: { origin: new URL(page.url()).origin },
  });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  return (answer.status() === 204 ? undefined : await answer.json()) as T;
}

/** Writes through the API as the page's user. */
export const post = <T>(page: Page, path: string, data: object): Promise<T> =>
  write(page, 'POST', path, data);
export const put = <T>(page: Page, path: string, data: object): Promise<T> => write(page, 'PUT', path, data);
export const patch = <T>(page: Page, path: string, data: object): Promise<T> =>
  write(page, 'PATCH', path, data);

/** Reads from the API as the page's user. */
export async function get<T>(page: Page, path: string): Promise<T> {
  const answer = await page.request.get(`/api/v1${path}`);
  expect(answer.ok(), `GET ${path}: ${answer.status()}`).toBe(true);
  return (await answer.json()) as T;
}

/** The id of the demo company, which everyone belongs to. */
export async function company(page: Page): Promise<string> {
  const { companies } = await get<{ companies: { id: string; name: string }[] }>(page, '/me');
  return companies.find(({ name }) => name.startsWith('Demo Company'))?.id ?? '';
}
