/**
 * Several tabs of one user in one browser, with a record of everything that each of them ever received
 * from the stream or from another tab.
 */

import type { APIRequestContext, BrowserContext, Page } from '@playwright/test';
import { expect, live, mark, PASSWORD } from './fixtures.ts';

interface Recorded {
  /** As it arrived, verbatim, from the stream or from another tab. */
  texts: string[];
  sources: EventSource[];
  /** When it last requested the stream, by the machine's clock. */
  asked: number;
}

declare global {
  interface Window {
    recorded: Recorded;
  }
}

/** Runs in the page before its own scripts: records what arrives before it is handled. */
function record(): void {
  const recorded: Recorded = { texts: [], sources: [], asked: 0 };
  window.recorded = recorded;
  window.EventSource = class extends EventSource {
    constructor(url: string | URL, init?: EventSourceInit) {
      super(url, init);
      recorded.sources.push(this);
      recorded.asked = Date.now();
      this.addEventListener('message', (event: MessageEvent<string>) => recorded.texts.push(event.data));
    }
  };
  window.BroadcastChannel = class extends BroadcastChannel {
    constructor(name: string) {
      super(name);
      this.addEventListener('message', (event) => recorded.texts.push(JSON.stringify(event.data)));
    }
  };
}

/** Live tabs in the browser of this page, which is the first; one for each path. */
export async function tabs(first: Page, paths: string[]): Promise<Page[]> {
  await first.context().addInitScript(record);
  const opened: Page[] = [];
  for (const path of paths) {
    const page = opened.length === 0 ? first : await first.context().newPage();
    await page.goto(path);
    await live(page);
    await mark(page);
    opened.push(page);
  }
  return opened;
}

/** How many streams the page has open. */
export const streams = (page: Page): Promise<number> =>
  page.evaluate(() => window.recorded.sources.filter((one) => one.readyState !== EventSource.CLOSED).length);

/** Waits until exactly one of the pages has a stream, and returns it and the others. */
export async function leaderOf(pages: Page[]): Promise<{ leader: Page; others: Page[] }> {
  const counts = () => Promise.all(pages.map(streams));
  await expect.poll(async () => (await counts()).sort().join(''), 'one stream for all tabs').toMatch(/^0*1$/);
  const leads = (await counts()).indexOf(1);
  return { leader: pages[leads] as Page, others: pages.filter((_, at) => at !== leads) };
}

/** Everything that arrived at the page since text number `from`. */
export const arrived = (page: Page, from = 0): Promise<string[]> =>
  page.evaluate((start) => window.recorded.texts.slice(start), from);

/** The companies of all frames that arrived at the page. */
export async function companiesOf(page: Page): Promise<Set<string>> {
  const found = new Set<string>();
  for (const text of await arrived(page)) {
    const said = JSON.parse(text) as { company_id?: string; frame?: { company_id?: string } };
    const company = (said.frame ?? said).company_id;
    if (company) found.add(company);
  }
  return found;
}

/** The API as the caller sees it, with the cookie of a browser. */
export class Api {
  readonly #request: APIRequestContext;
  readonly #origin: string;

  constructor(context: BrowserContext, origin: string) {
    this.#request = context.request;
    this.#origin = origin;
  }

  async #ask<T>(method: 'POST' | 'PUT' | 'PATCH' | 'GET', path: string, data?: object): Promise<T> {
    const answer = await this.#request.fetch(`${this.#origin}/api/v1${path}`, {
      method,
      headers: { origin: this.#origin },
      ...(data ? { data } : {}),
    });
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  }

  get = <T>(path: string) => this.#ask<T>('GET', path);
  post = <T = { id: string }>(path: string, data: object = {}) => this.#ask<T>('POST', path, data);
  put = (path: string, data: object) => this.#ask<undefined>('PUT', path, data);
  patch = (path: string, data: object) => this.#ask<{ id: string }>('PATCH', path, data);

  signIn = (email: string) => this.post('/auth/login', { email, password: PASSWORD });
  unread = async () => (await this.get<{ unread: number }>('/notifications/summary')).unread;
}

export interface Place {
  company: string;
  /** An analyst of that company only. */
  person: string;
  email: string;
}

let made = 0;

/** A new company with an analyst. */
export async function place(admin: Api, name: string): Promise<Place> {
  made += 1;
  const email = `${name}-${Date.now().toString(36)}-${made}@tabs.test`;
  const company = await admin.post('/companies', { name: `Company ${email}` });
  const person = await admin.post('/users', { email, name: `Person ${name}`, password: PASSWORD });
  await admin.put(`/companies/${company.id}/members/${person.id}`, { role: 'analyst' });
  return { company: company.id, person: person.id, email };
}

/** A finding assigned to the analyst of that company, who is notified. */
export function ring(admin: Api, where: Place, title: string): Promise<{ id: string }> {
  return admin.post('/findings', {
    company_id: where.company,
    title,
    severity: 'high',
    assignee_user_ids: [where.person],
  });
}

/** Holds back the server's answers to the page's requests matching this pattern until released. */
export async function hold(
  page: Page,
  pattern: string,
): Promise<{ asked: Promise<void>; release: () => void }> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((done) => (release = done));
  let told: () => void = () => undefined;
  const asked = new Promise<void>((done) => (told = done));
  await page.route(pattern, async (route) => {
    const answer = await route.fetch();
    told();
    await released;
    await route.fulfill({ response: answer });
  });
  return { asked, release };
}
