/** The calls of Time to know: how quickly recipients read. For managers. */

import type { Severity } from './types';
import { get, type Signal } from './verbs';

export interface KnowTimes {
  events: number;
  read: number;
  /** Includes events that reached nobody. */
  unread: number;
  /** Critical and urgent events only. */
  reached_nobody: number;
  /** Over the events that were read; null if none was. */
  median_seconds: number | null;
  p90_seconds: number | null;
}
export type SeverityTimes = KnowTimes & { severity: Severity | null };
export type TeamTimes = KnowTimes & { team_id: string; team_name: string; company_id: string };

export interface TimeToKnow {
  company_id: string | null;
  from: string;
  to: string;
  /** After how many hours unread critical and urgent events are announced to managers; 0 for never. */
  unread_hours: number;
  total: KnowTimes;
  /** Severities with events, most severe first; null for events without a severity. */
  severities: SeverityTimes[];
  teams: TeamTimes[];
  more_teams: number;
}

const DAY = 86_400_000;
/** For the last days. */
export const timeToKnow = (company: string | null, days: number, signal?: Signal) =>
  get<TimeToKnow>(
    '/insights/time-to-know',
    { company_id: company, from: new Date(Date.now() - days * DAY).toISOString() },
    signal,
  );
