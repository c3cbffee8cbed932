/** The sections of the settings: who may open each, and its file, loaded on demand. */

import Bell from '@lucide/svelte/icons/bell';
import Building from '@lucide/svelte/icons/building-2';
import CalendarSync from '@lucide/svelte/icons/calendar-sync';
import CircleUser from '@lucide/svelte/icons/circle-user-round';
import KeyRound from '@lucide/svelte/icons/key-round';
import Megaphone from '@lucide/svelte/icons/megaphone';
import MessageSquare from '@lucide/svelte/icons/message-square';
import Split from '@lucide/svelte/icons/split';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Send from '@lucide/svelte/icons/send';
import Timer from '@lucide/svelte/icons/timer';
import UserRound from '@lucide/svelte/icons/user-round';
import UserRoundCheck from '@lucide/svelte/icons/user-round-check';
import UsersRound from '@lucide/svelte/icons/users-round';
import Webhook from '@lucide/svelte/icons/webhook';
import type { Found } from '../../pages';
import { a } from '../../strings.account';
import { n } from '../../strings.announcements';
import { o } from '../../strings.ownership';
import { p } from '../../strings.platform';
import { rules } from '../../strings.rules';
import { s } from '../../strings.settings';

export interface Section {
  /** `/settings/name` */
  name: string;
  title: string;
  icon: typeof Bell;
  load: Found['load'];
}

/** The user's own settings. */
export const yours: Section[] = [
  { name: 'profile', title: a.profile.title, icon: CircleUser, load: () => import('./Profile.svelte') },
  { name: 'notifications', title: s.grid.title, icon: Bell, load: () => import('./Grid.svelte') },
  { name: 'chat', title: s.chat.title, icon: MessageSquare, load: () => import('./Chat.svelte') },
  { name: 'feeds', title: a.feeds.title, icon: CalendarSync, load: () => import('./Feeds.svelte') },
  { name: 'access', title: a.access.title, icon: KeyRound, load: () => import('./Access.svelte') },
];

export const teams: Section = {
  name: 'teams',
  title: s.teams.title,
  icon: UsersRound,
  load: () => import('./Teams.svelte'),
};

/** What managers set for their companies. */
export const managed: Section[] = [
  teams,
  { name: 'rules', title: rules.title, icon: Split, load: () => import('./Rules.svelte') },
  { name: 'ownership', title: o.title, icon: UserRoundCheck, load: () => import('./Ownership.svelte') },
  { name: 'sla', title: p.sla.title, icon: Timer, load: () => import('./Sla.svelte') },
  { name: 'companies', title: s.companies.title, icon: Building, load: () => import('./Companies.svelte') },
];

/** What administrators set for the platform. */
export const platform: Section[] = [
  { name: 'people', title: s.people.title, icon: UserRound, load: () => import('./People.svelte') },
  {
    name: 'destinations',
    title: p.destinations.title,
    icon: Webhook,
    load: () => import('./Destinations.svelte'),
  },
  { name: 'deliveries', title: s.deliveries.title, icon: Send, load: () => import('./Deliveries.svelte') },
  {
    name: 'announcements',
    title: n.title,
    icon: Megaphone,
    load: () => import('./Announcements.svelte'),
  },
  { name: 'audit', title: p.audit.title, icon: ScrollText, load: () => import('./Audit.svelte') },
];

/** The trace of one event: part of the deliveries, at a path of its own. */
export const trace: Found['load'] = () => import('./Trace.svelte');
export const nowhere: Found['load'] = () => import('../NotFound.svelte');
