/** From the first segment of a path to its page. Each page is a file of its own, loaded on demand. */

import type { Component } from 'svelte';

/** The page of one record takes its id; the others take nothing. */
export type PageComponent = Component<{ id: string }>;
type Load = () => Promise<{ default: PageComponent | Component }>;

interface Place {
  /** `/name` */
  list: Load;
  /** `/name/id` */
  one?: Load;
  /** Whether the list takes every path below it. */
  below?: boolean;
}

const places: Record<string, Place> = {
  // To add a page, add a line here, and one in shell/places.ts if it belongs in the navigation.
  dashboard: { list: () => import('./pages/Dashboard.svelte') },
  findings: { list: () => import('./pages/Findings.svelte'), one: () => import('./pages/Finding.svelte') },
  scans: { list: () => import('./pages/Scans.svelte'), one: () => import('./pages/Scan.svelte') },
  targets: { list: () => import('./pages/Targets.svelte') },
  projects: { list: () => import('./pages/Projects.svelte'), one: () => import('./pages/Project.svelte') },
  assets: { list: () => import('./pages/Assets.svelte'), one: () => import('./pages/Asset.svelte') },
  agreements: {
    list: () => import('./pages/Agreements.svelte'),
    one: () => import('./pages/Agreement.svelte'),
  },
  reports: { list: () => import('./pages/Reports.svelte'), one: () => import('./pages/Report.svelte') },
  approvals: {
    list: () => import('./pages/Approvals.svelte'),
    one: () => import('./pages/Approval.svelte'),
  },
  calendar: { list: () => import('./pages/Calendar.svelte') },
  insights: { list: () => import('./pages/TimeToKnow.svelte') },
  inbox: { list: () => import('./pages/Inbox.svelte') },
  settings: { list: () => import('./pages/Settings.svelte'), below: true },
};

const nowhere: Load = () => import('./pages/NotFound.svelte');

/** What a path shows; `key` distinguishes two records of one page. */
export interface Found {
  load: Load;
  key: string;
  id: string;
}

export function pageOf(path: string): Found {
  const [name = '', id, ...rest] = path.split('/').filter(Boolean);
  const place = Object.hasOwn(places, name) ? places[name] : undefined;
  if (place && (id === undefined || place.below)) return { load: place.list, key: name, id: '' };
  if (place?.one && id !== undefined && rest.length === 0) {
    return { load: place.one, key: `${name}/${id}`, id };
  }
  return { load: nowhere, key: '', id: '' };
}

const loaded = new Map<Load, Promise<PageComponent>>();

/** The page itself: the same promise for the same page, so that it stays while its path changes. */
export function load(found: Found): Promise<PageComponent> {
  const known = loaded.get(found.load);
  if (known) return known;
  const coming = found.load().then((file) => file.default as PageComponent);
  loaded.set(found.load, coming);
  coming.catch(() => loaded.delete(found.load));
  return coming;
}

/** Preloads every page, so that the first click on each does not wait. */
export function preloadPages(): void {
  for (const { list, one } of Object.values(places)) {
    void list().catch(() => undefined);
    void one?.().catch(() => undefined);
  }
}
