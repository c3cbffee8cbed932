/** The days of a month or week as a grid, and the items on them. Pure; days are in the viewer's time zone. */

import { SEVERITIES, type CalendarItem, type Severity } from '../api/types';

export interface Day {
  /** `2026-11-23` in the viewer's time zone. */
  key: string;
  date: Date;
  inMonth: boolean;
}

const two = (value: number): string => String(value).padStart(2, '0');

export function dayKey(day: Date): string {
  return `${String(day.getFullYear())}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** `2026-11` as the first of that month; null for anything else. */
export function parseMonth(text: string | null): Date | null {
  const match = /^(\d{4})-(\d{2})$/.exec(text ?? '');
  if (!match) return null;
  const month = Number(match[2]);
  return month >= 1 && month <= 12 ? new Date(Number(match[1]), month - 1, 1) : null;
}

/** `2026-11-23` as that day; null for anything else. */
export function parseDay(text: string | null): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '');
  if (!match) return null;
  const day = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return dayKey(day) === text ? day : null;
}

export function monthKey(day: Date): string {
  return dayKey(day).slice(0, 7);
}

export function addMonths(day: Date, months: number): Date {
  return new Date(day.getFullYear(), day.getMonth() + months, 1);
}

export function addDays(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);
}

/** The week of a day, starting on Monday. */
export function week(day: Date): Day[] {
  const monday = addDays(day, -((day.getDay() + 6) % 7));
  return Array.from({ length: 7 }, (_, weekday) => {
    const date = addDays(monday, weekday);
    return { key: dayKey(date), date, inMonth: true };
  });
}

/** The weeks that touch the month, starting on Monday. By calendar arithmetic, safe for daylight saving. */
export function monthGrid(month: Date): Day[][] {
  const first = new Date(month.getFullYear(), month.getMonth(), 1);
  const lead = (first.getDay() + 6) % 7;
  const length = new Date(month.getFullYear(), month.getMonth() + 1, 0).getDate();
  const weeks = Math.ceil((lead + length) / 7);
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_, weekday) => {
      const date = new Date(month.getFullYear(), month.getMonth(), 1 - lead + week * 7 + weekday);
      return { key: dayKey(date), date, inMonth: date.getMonth() === month.getMonth() };
    }),
  );
}

/** From the first day shown to the end of the last one, as the API takes it. */
export function gridRange(grid: Day[][]): { from: string; to: string } {
  const first = grid[0]?.[0]?.date ?? new Date(0);
  const last = grid.at(-1)?.at(-1)?.date ?? first;
  const end = new Date(last.getFullYear(), last.getMonth(), last.getDate() + 1);
  return { from: first.toISOString(), to: end.toISOString() };
}

/** The day of an item: its date, in every time zone, or the day of its time in the viewer's. */
export function dayOf(item: CalendarItem): string {
  return item.all_day && item.date ? item.date : dayKey(new Date(item.at));
}

/** Whether the time of day is meaningful. */
export function hasTime(item: CalendarItem): boolean {
  return !item.all_day;
}

const RANK: Record<Severity, number> = Object.fromEntries(
  SEVERITIES.map((severity, index) => [severity, index]),
) as Record<Severity, number>;

function rank(item: CalendarItem): number {
  return item.severity ? RANK[item.severity] : SEVERITIES.length;
}

/** Items by day; within a day other items before findings, then most severe first, then by time. */
export function byDay(items: readonly CalendarItem[]): Map<string, CalendarItem[]> {
  const days = new Map<string, CalendarItem[]>();
  for (const item of items) {
    const key = dayOf(item);
    const day = days.get(key);
    if (day) day.push(item);
    else days.set(key, [item]);
  }
  for (const day of days.values()) {
    day.sort((a, b) => rank(b) - rank(a) || a.at.localeCompare(b.at) || a.title.localeCompare(b.title));
  }
  return days;
}

/** The items of a day in order: those without a time first, then by time; of equals the most severe first. */
export function byTime(items: readonly CalendarItem[]): CalendarItem[] {
  const time = (item: CalendarItem) => (hasTime(item) ? new Date(item.at).getTime() : 0);
  return items.toSorted((a, b) => time(a) - time(b) || rank(b) - rank(a) || a.title.localeCompare(b.title));
}
