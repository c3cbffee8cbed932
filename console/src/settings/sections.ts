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
import Server from '@lucide/svelte/icons/server';
import Timer from '@lucide/svelte/icons/timer';
import UserRound from '@lucide/svelte/icons/user-round';
import UserRoundCheck from '@lucide/svelte/icons/user-round-check';
import UsersRound from '@lucide/svelte/icons/users-round';
import Webhook from '@lucide/svelte/icons/webhook';
import type { Load } from '../state/load';
import { accessTexts, feedPageTexts, preferenceTexts, profileTexts } from './account/strings';
import { deliveryTexts, destinationTexts } from './deliveries/strings';
import { ownershipTexts } from './ownership/strings';
import { companyTexts, teamTexts, userTexts } from './people/strings';
import { announcementTexts, auditTexts, nodeTexts, slaTexts } from './platform/strings';
import { ruleTexts } from './rules/strings';
import { chatTexts } from './strings';

export interface Section {
  /** `/settings/name` */
  name: string;
  title: string;
  icon: typeof Bell;
  load: Load;
}

/** The user's own settings. */
export const yours: Section[] = [
  {
    name: 'profile',
    title: profileTexts.title,
    icon: CircleUser,
    load: () => import('./account/Profile.svelte'),
  },
  {
    name: 'notifications',
    title: preferenceTexts.title,
    icon: Bell,
    load: () => import('./account/Preferences.svelte'),
  },
  { name: 'chat', title: chatTexts.title, icon: MessageSquare, load: () => import('./account/Chat.svelte') },
  {
    name: 'feeds',
    title: feedPageTexts.title,
    icon: CalendarSync,
    load: () => import('./account/Feeds.svelte'),
  },
  { name: 'access', title: accessTexts.title, icon: KeyRound, load: () => import('./account/Access.svelte') },
];

export const teams: Section = {
  name: 'teams',
  title: teamTexts.title,
  icon: UsersRound,
  load: () => import('./people/Teams.svelte'),
};

/** What managers set for their companies. */
export const managed: Section[] = [
  teams,
  { name: 'rules', title: ruleTexts.title, icon: Split, load: () => import('./rules/Rules.svelte') },
  {
    name: 'ownership',
    title: ownershipTexts.title,
    icon: UserRoundCheck,
    load: () => import('./ownership/Ownership.svelte'),
  },
  { name: 'sla', title: slaTexts.title, icon: Timer, load: () => import('./platform/Sla.svelte') },
  {
    name: 'companies',
    title: companyTexts.title,
    icon: Building,
    load: () => import('./people/Companies.svelte'),
  },
];

/** What administrators set for the platform. */
export const platform: Section[] = [
  { name: 'people', title: userTexts.title, icon: UserRound, load: () => import('./people/People.svelte') },
  {
    name: 'destinations',
    title: destinationTexts.title,
    icon: Webhook,
    load: () => import('./deliveries/Destinations.svelte'),
  },
  {
    name: 'deliveries',
    title: deliveryTexts.title,
    icon: Send,
    load: () => import('./deliveries/Deliveries.svelte'),
  },
  {
    name: 'announcements',
    title: announcementTexts.title,
    icon: Megaphone,
    load: () => import('./platform/Announcements.svelte'),
  },
  { name: 'nodes', title: nodeTexts.title, icon: Server, load: () => import('./platform/Nodes.svelte') },
  { name: 'audit', title: auditTexts.title, icon: ScrollText, load: () => import('./platform/Audit.svelte') },
];

/** The trace of one event: part of the deliveries, at a path of its own. */
export const trace: Load = () => import('./deliveries/Trace.svelte');
export const nowhere: Load = () => import('../ui/NotFound.svelte');
