/** Groups the rows of the inbox by day, in the viewer's time zone. Pure. */

import type { Notification } from '../api/types';
import { awayByDay, date } from './time';

export interface InboxDay {
  key: string;
  name: string;
  rows: Notification[];
}

const words = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Groups rows that are newest first; today and yesterday by name, other days by date. */
export function inboxDays(rows: readonly Notification[], now: number): InboxDay[] {
  const days: InboxDay[] = [];
  for (const row of rows) {
    const at = new Date(row.created_at);
    const key = at.toDateString();
    const last = days.at(-1);
    if (last?.key === key) {
      last.rows.push(row);
      continue;
    }
    const near = awayByDay(at, now);
    const named = near === 'today' || near === 'yesterday';
    days.push({ key, name: named ? words(near) : date(row.created_at, now), rows: [row] });
  }
  return days;
}
