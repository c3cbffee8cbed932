/** Times in words. Pure: the present and the time zone come from outside or the browser. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const LOCALE = 'en-GB';

const exactly = new Intl.DateTimeFormat(LOCALE, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const dayMonth = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const dayMonthYear = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' });
const longDay = new Intl.DateTimeFormat(LOCALE, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
});
const monthYear = new Intl.DateTimeFormat(LOCALE, { month: 'long', year: 'numeric' });
const weekdayDay = new Intl.DateTimeFormat(LOCALE, { weekday: 'short', day: 'numeric' });
const hourMinute = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' });

/** The full time in the viewer's time zone, for a tooltip. */
export function exact(at: string | number): string {
  return exactly.format(new Date(at));
}

/** `just now`, `5 min ago`, `in 2 h`, `yesterday`, and after a week the date. */
export function ago(at: string | number, now: number): string {
  return Math.abs(now - new Date(at).getTime()) < 6.5 * DAY ? away(at, now) : date(at, now);
}

/** The distance to a time, however long: `5 min ago`, `in 40 days`. */
export function away(at: string | number, now: number): string {
  const past = now - new Date(at).getTime();
  const size = Math.abs(past);
  if (size < 45_000) return 'just now';
  const direction = (text: string) => (past > 0 ? `${text} ago` : `in ${text}`);
  const minutes = Math.max(1, Math.round(size / MINUTE));
  if (minutes < 60) return direction(`${String(minutes)} min`);
  const hours = Math.round(size / HOUR);
  if (hours < 24) return direction(`${String(hours)} h`);
  const days = Math.round(size / DAY);
  if (days === 1) return past > 0 ? 'yesterday' : 'tomorrow';
  return direction(`${String(days)} days`);
}

/** The distance to a day without a time: `today`, `yesterday`, `in 3 days`. */
export function awayByDay(day: Date, now: number): string {
  const today = new Date(now);
  const days = Math.round((midnight(day) - midnight(today)) / DAY);
  if (days === 0) return 'today';
  if (Math.abs(days) === 1) return days > 0 ? 'tomorrow' : 'yesterday';
  return days > 0 ? `in ${String(days)} days` : `${String(-days)} days ago`;
}

/** The position of a day on a scale where all days have the same length, daylight saving or not. */
function midnight(day: Date): number {
  return Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
}

/** The day, with its year unless it is the current one. */
export function date(at: string | number, now: number): string {
  const then = new Date(at);
  return (then.getFullYear() === new Date(now).getFullYear() ? dayMonth : dayMonthYear).format(then);
}

export function clockTime(at: string | number): string {
  return hourMinute.format(new Date(at));
}

export function dayName(day: Date): string {
  return longDay.format(day);
}

/** The first and last day of a span: `23–29 Nov 2026`. */
export function spanName(first: Date, last: Date): string {
  return dayMonthYear.formatRange(first, last);
}

/** `Mon 23`. */
export function shortDay(day: Date): string {
  return weekdayDay.format(day);
}

export function monthName(day: Date): string {
  return monthYear.format(day);
}

/** The distance in the two largest units: `2 d 4 h`, `35 min`. Never less than a minute. */
export function span(milliseconds: number): string {
  const size = Math.max(Math.abs(milliseconds), MINUTE);
  const days = Math.floor(size / DAY);
  const hours = Math.floor((size % DAY) / HOUR);
  const minutes = Math.floor((size % HOUR) / MINUTE);
  if (days >= 14) return `${String(days)} d`;
  if (days > 0) return hours > 0 ? `${String(days)} d ${String(hours)} h` : `${String(days)} d`;
  if (hours >= 10) return `${String(hours)} h`;
  if (hours > 0) return minutes > 0 ? `${String(hours)} h ${String(minutes)} min` : `${String(hours)} h`;
  return `${String(minutes)} min`;
}

/** A countdown: days, hours, minutes; on the last day, seconds. `2 d 4 h 13 min`, `3:04:09`. */
export function countdown(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  const hours = Math.floor((size % DAY) / HOUR);
  const minutes = Math.floor((size % HOUR) / MINUTE);
  if (size >= DAY) return `${String(Math.floor(size / DAY))} d ${String(hours)} h ${String(minutes)} min`;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${String(hours)}:${two(minutes)}:${two(Math.floor((size % MINUTE) / 1000))}`;
}

export type Urgency = 'breached' | 'near' | 'calm';

/** The urgency of a deadline. Near means within two days. */
export function urgency(due: string, now: number): Urgency {
  const left = new Date(due).getTime() - now;
  if (left <= 0) return 'breached';
  return left <= 2 * DAY ? 'near' : 'calm';
}

/** How long something took: `under 0.1 s`, `0.4 s`, `12 s`, `3 min`. */
export function took(from: string, to: string): string {
  const size = new Date(to).getTime() - new Date(from).getTime();
  if (size < 0) return '';
  if (size < 50) return 'under 0.1 s';
  if (size < 10_000) return `${(size / 1000).toFixed(1)} s`;
  if (size < MINUTE) return `${String(Math.round(size / 1000))} s`;
  return span(size);
}
