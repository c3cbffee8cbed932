/** How quickly people learn what they were notified of. For managers. */

import type { Severity } from './types';
import { get, type Signal } from './verbs';

export interface KnowTimes {
  events: number;
  read: number;
  /** Also those that reached nobody. */
  unread: number;
  /** Of critical and urgent events. */
  reached_nobody: number;
  /** Of those that were read; null where none was. */
  median_seconds: number | null;
  p90_seconds: number | null;
}
export type SeverityTimes = KnowTimes & { severity: Severity | null };
export type TeamTimes = KnowTimes & { team_id: string; team_name: string; company_id: string };

export interface TimeToKnow {
  company_id: string | null;
  from: string;
  to: string;
  /** After how many hours unread critical and urgent events are announced; 0 for never. */
  unread_hours: number;
  total: KnowTimes;
  /** Those with events, the worst first; null for events without a severity. */
  severities: SeverityTimes[];
  teams: TeamTimes[];
  more_teams: number;
}

const DAY = 86_400_000;
/** Over the last days. */
export const timeToKnow = (company: string | null, days: number, signal?: Signal) =>
  get<TimeToKnow>(
    '/insights/time-to-know',
    { company_id: company, from: new Date(Date.now() - days * DAY).toISOString() },
    signal,
  );
