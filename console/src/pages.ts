/** From the first segment of a path to its page. Each page is a file of its own, loaded on demand. */

import type { Found, Load } from './state/load';

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
  dashboard: { list: () => import('./dashboard/Dashboard.svelte') },
  findings: {
    list: () => import('./findings/Findings.svelte'),
    one: () => import('./findings/Finding.svelte'),
  },
  scans: { list: () => import('./scans/Scans.svelte'), one: () => import('./scans/Scan.svelte') },
  targets: { list: () => import('./scans/Targets.svelte') },
  projects: {
    list: () => import('./records/Projects.svelte'),
    one: () => import('./records/Project.svelte'),
  },
  assets: { list: () => import('./records/Assets.svelte'), one: () => import('./records/Asset.svelte') },
  agreements: {
    list: () => import('./records/Agreements.svelte'),
    one: () => import('./records/Agreement.svelte'),
  },
  reports: { list: () => import('./records/Reports.svelte'), one: () => import('./records/Report.svelte') },
  approvals: {
    list: () => import('./approvals/Approvals.svelte'),
    one: () => import('./approvals/Approval.svelte'),
  },
  calendar: { list: () => import('./calendar/Calendar.svelte') },
  insights: { list: () => import('./insights/TimeToKnow.svelte') },
  inbox: { list: () => import('./inbox/Inbox.svelte') },
  settings: { list: () => import('./settings/Settings.svelte'), below: true },
};

const nowhere: Load = () => import('./ui/NotFound.svelte');

export function pageOf(path: string): Found {
  const [name = '', id, ...rest] = path.split('/').filter(Boolean);
  const place = Object.hasOwn(places, name) ? places[name] : undefined;
  if (place && (id === undefined || place.below)) return { load: place.list, key: name, id: '' };
  if (place?.one && id !== undefined && rest.length === 0) {
    return { load: place.one, key: `${name}/${id}`, id };
  }
  return { load: nowhere, key: '', id: '' };
}

/** Preloads every page, so that the first click on each does not wait. */
export function preloadPages(): void {
  for (const { list, one } of Object.values(places)) {
    void list().catch(() => undefined);
    void one?.().catch(() => undefined);
  }
}
