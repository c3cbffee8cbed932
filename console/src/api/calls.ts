/** The calls that the first load or several folders need. */

import { request } from './http';
import type { Answer } from './served';
import type {
  CalendarFeed,
  Finding,
  FindingStatus,
  Me,
  Notification,
  Page,
  Project,
  Scan,
  Subscription,
  Summary,
  Team,
  User,
} from './types';
import { at, get, remove, send, type PageAsk, type Signal } from './verbs';

export const signIn = (email: string, password: string) =>
  request<{ user: User }>('/auth/login', {
    method: 'POST',
    body: { email, password },
    expectUnauthorized: true,
  });
export const signOut = () => request<undefined>('/auth/logout', { method: 'POST', expectUnauthorized: true });
/** `quiet`: a 401 is an answer, not the end of a session. */
export const me = (quiet = false) => request<Me>('/me', { expectUnauthorized: quiet });

export interface FindingFilter {
  company_id?: string;
  project_id?: string;
  asset_id?: string;
  scan_id?: string;
  /** The id of a target. */
  target?: string;
  /** A CVE, a GHSA or a similar identifier. */
  identifier?: string;
  tag?: string;
  status?: string;
  severity?: string;
  assignee?: string;
  sla?: string;
  accepted_without_approval?: boolean;
  text?: string;
  sort?: string;
}
export const findings = (filter: FindingFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Finding>>('/findings', { ...filter, ...page }, signal);
export const finding = (id: string, signal?: Signal) => get<Finding>(at('/findings', id), {}, signal);
export const history = (id: string, signal?: Signal) =>
  get<Answer<'FindingHistory'>>(`${at('/findings', id)}/history`, {}, signal);
export const setStatus = (id: string, status: FindingStatus, comment: string) =>
  send<Finding>('POST', `${at('/findings', id)}/status`, comment === '' ? { status } : { status, comment });
export const setAssignees = (id: string, users: string[], teams: string[]) =>
  send<Finding>('POST', `${at('/findings', id)}/assignees`, { user_ids: users, team_ids: teams });

/** All are checked before any is changed. At most 1,000 in one call. */
export const bulkStatus = (findings: string[], status: FindingStatus, comment = '') =>
  send<Answer<'BulkOutcome'>>('POST', '/findings/bulk/status', {
    finding_ids: findings,
    status,
    ...(comment === '' ? {} : { comment }),
  });
export const bulkAssign = (findings: string[], users: string[], teams: string[]) =>
  send<Answer<'BulkOutcome'>>('POST', '/findings/bulk/assignees', {
    finding_ids: findings,
    user_ids: users,
    team_ids: teams,
  });

export const scans = (
  filter: { company_id?: string; project_id?: string; status?: string; text?: string },
  page: PageAsk,
  signal?: Signal,
) => get<Page<Scan>>('/scans', { ...filter, ...page }, signal);
export const scan = (id: string, signal?: Signal) => get<Scan>(at('/scans', id), {}, signal);

export const projects = (
  filter: { company_id?: string; status?: string; text?: string },
  page: PageAsk,
  signal?: Signal,
) => get<Page<Project>>('/projects', { ...filter, ...page }, signal);
export const project = (id: string, signal?: Signal) => get<Project>(at('/projects', id), {}, signal);

export const users = (company: string, signal?: Signal) =>
  get<Page<User>>('/users', { company_id: company, limit: 200 }, signal);
/** An empty string means every company. */
export const teams = (company: string, signal?: Signal) =>
  get<Page<Team>>('/teams', { company_id: company, limit: 200 }, signal);

export interface InboxFilter {
  read?: boolean;
  event_type?: string;
}
export const notifications = (filter: InboxFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Notification>>('/notifications', { ...filter, ...page }, signal);
export const summary = (signal?: Signal) => get<Summary>('/notifications/summary', {}, signal);
export const markRead = (id: string) => send<undefined>('POST', `${at('/notifications', id)}/read`);
export const markAllRead = () => send<undefined>('POST', '/notifications/read-all');

interface CalendarAsk {
  from: string;
  to: string;
  tz: string;
  company_id?: string;
  mine?: boolean;
}

/** More than anyone views in a month; users with more narrow it to one company. */
const MOST_ITEMS = 20_000;

/** What is due in a time window, page by page. */
export async function calendar(ask: CalendarAsk, signal?: Signal): Promise<CalendarFeed> {
  const next = (cursor?: string) =>
    get<CalendarFeed>('/calendar', { ...ask, limit: 5000, ...(cursor ? { cursor } : {}) }, signal);
  const feed = await next();
  while (feed.next_cursor && feed.items.length < MOST_ITEMS) {
    const more = await next(feed.next_cursor);
    feed.items.push(...more.items);
    feed.next_cursor = more.next_cursor ?? null;
  }
  return feed;
}

export interface NewSubscription {
  name?: string;
  company_id?: string;
  mine: boolean;
  alarms: number[];
}
export const subscriptions = (signal?: Signal) =>
  get<Page<Subscription>>('/me/calendar-feeds', { limit: 200 }, signal);
export const subscribe = (body: NewSubscription) =>
  send<Answer<'MadeFeed'>>('POST', '/me/calendar-feeds', body);
export const unsubscribe = (id: string) => remove(at('/me/calendar-feeds', id));
