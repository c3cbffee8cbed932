/** The calls of the dashboard: counts, trend and recent activity. */

import type { Answer } from './served';
import type { Page } from './types';
import { get, type PageAsk } from './verbs';

/** One day in the viewer's time zone; `open` counts at its end. */
export type TrendDay = Answer<'DashboardDay'>;
export type Dashboard = Answer<'Dashboard'>;

export type Activity = Answer<'Activity'>;

export const dashboard = (company: string | null, tz: string, signal: AbortSignal) =>
  get<Dashboard>('/dashboard', { company_id: company, tz }, signal);
export const activity = (company: string | null, page: PageAsk, signal: AbortSignal) =>
  get<Page<Activity>>('/activity', { company_id: company, ...page }, signal);
