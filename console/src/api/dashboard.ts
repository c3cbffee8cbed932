/** The calls of the dashboard: counts, trend and recent activity. */

import { request } from './http';
import type { Named, Page, Severity } from './types';

export interface TrendDay {
  /** `2026-01-31`, in the viewer's time zone. */
  date: string;
  opened: number;
  closed: number;
  /** Open at the end of the day. */
  open: number;
}

export interface Dashboard {
  /** All severities, most severe first. */
  open: { severity: Severity; count: number }[];
  unassigned: number;
  sla: { breached: number; due_in_7_days: number };
  trend: TrendDay[];
  scans: { running: number; scheduled: number };
  approvals_waiting: number;
}

export interface Activity {
  id: string;
  type: string;
  at: string;
  company_id: string | null;
  company_name: string | null;
  severity: Severity | null;
  actor: Named | null;
  subject_type: string;
  subject_id: string;
  title: string;
}

export const dashboard = (company: string | null, tz: string, signal: AbortSignal) =>
  request<Dashboard>('/dashboard', { parameters: { company_id: company, tz }, signal });
export const activity = (
  company: string | null,
  page: { limit?: number; cursor?: string | null },
  signal: AbortSignal,
) => request<Page<Activity>>('/activity', { parameters: { company_id: company, ...page }, signal });
