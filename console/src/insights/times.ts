/** The time to know, in words. Pure. */

import type { SeverityTimes } from '../api/insights';
import { span } from '../format/time';

/** `< 1 s`, `12 s`, `35 min`, `2 h 5 min`, `2 d 4 h`. */
export function lasting(seconds: number): string {
  if (seconds < 1) return '< 1 s';
  return seconds < 59.5 ? `${String(Math.round(seconds))} s` : span(seconds * 1000);
}

/** What the dashboard shows about critical and urgent events; null if there were none. */
export interface Severe {
  /** Severities with a median, most severe first. */
  medians: { severity: 'urgent' | 'critical'; seconds: number }[];
  unread: number;
}

export function severeOf(rows: readonly SeverityTimes[]): Severe | null {
  const severe = rows.filter(({ severity }) => severity === 'urgent' || severity === 'critical');
  if (severe.length === 0) return null;
  return {
    medians: (['urgent', 'critical'] as const).flatMap((severity) => {
      const seconds = severe.find((row) => row.severity === severity)?.median_seconds ?? null;
      return seconds === null ? [] : [{ severity, seconds }];
    }),
    unread: severe.reduce((sum, { unread }) => sum + unread, 0),
  };
}
