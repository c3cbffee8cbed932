/** The entries of the navigation, in order, each with its keyboard shortcut. */

import Bell from '@lucide/svelte/icons/inbox';
import Bug from '@lucide/svelte/icons/bug';
import CalendarDays from '@lucide/svelte/icons/calendar-days';
import FileChartColumn from '@lucide/svelte/icons/file-chart-column';
import Folder from '@lucide/svelte/icons/folder';
import Handshake from '@lucide/svelte/icons/handshake';
import Hourglass from '@lucide/svelte/icons/hourglass';
import LayoutDashboard from '@lucide/svelte/icons/layout-dashboard';
import Radar from '@lucide/svelte/icons/radar';
import Server from '@lucide/svelte/icons/server';
import Settings from '@lucide/svelte/icons/settings';
import Stamp from '@lucide/svelte/icons/stamp';
import Target from '@lucide/svelte/icons/target';
import { placeNames } from './strings';

export interface Place {
  path: string;
  name: string;
  icon: typeof Bug;
  /** The key after `g`. */
  key: string;
  /** Only for managers of a company. */
  managers?: boolean;
}

const place = (name: keyof typeof placeNames, icon: typeof Bug, key: string): Place => ({
  path: `/${name}`,
  name: placeNames[name],
  icon,
  key,
});

const dashboard = place('dashboard', LayoutDashboard, 'd');
const inbox = place('inbox', Bell, 'i');
const findings = place('findings', Bug, 'f');
const calendar = place('calendar', CalendarDays, 'c');

/** The groups: overview, work, and records. */
const groups: readonly Place[][] = [
  [dashboard, inbox, calendar],
  [
    findings,
    place('scans', Radar, 's'),
    place('targets', Target, 't'),
    place('approvals', Stamp, 'v'),
    place('reports', FileChartColumn, 'r'),
    { ...place('insights', Hourglass, 'k'), managers: true },
  ],
  [place('projects', Folder, 'p'), place('assets', Server, 'a'), place('agreements', Handshake, 'm')],
  [place('settings', Settings, ',')],
];

/** What fits at the bottom of a phone; the rest is behind a button. */
export const phone: readonly Place[] = [dashboard, findings, calendar, inbox];

/** The groups with the entries that the user may see. */
export const groupsFor = (manages: boolean): Place[][] =>
  groups.map((places) => places.filter((place) => manages || !place.managers));

export const isAt = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);
