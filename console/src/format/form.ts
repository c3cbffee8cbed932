/** Between what the API holds and what a form shows: texts, dates and times in the reader's zone. Pure. */

import type { Problem } from '../api/http';

const two = (value: number): string => String(value).padStart(2, '0');

/** Whether what is wrong with `field` stands next to `shown`: itself, an entry of it, or a part of it. */
export const isOf = (field: string, shown: string): boolean =>
  field === shown || field.startsWith(`${shown}[`) || field.startsWith(`${shown}.`);

/** What is wrong with a field of a form, or with its entries: each with its place in the list. */
export function fieldError(problem: Problem | null, shown: string): string | undefined {
  const found = (problem?.errors ?? []).filter(({ field, detail }) => isOf(field, shown) && detail !== '');
  const texts = found.map(({ field, detail }) => {
    const place = /^\[(\d+)\]/.exec(field.slice(shown.length))?.[1];
    return place === undefined ? detail : `${String(Number(place) + 1)}: ${detail}`;
  });
  return texts.length === 0 ? undefined : texts.join('; ');
}

/** The text without blanks around it; null when nothing is left. */
export function orNull(text: string): string | null {
  const rest = text.trim();
  return rest === '' ? null : rest;
}

/** What differs from what was there: only that is sent, so that nobody's change of another field is undone. */
export function changed<T extends object>(before: T, after: T): Partial<T> {
  const keys = Object.keys(after) as (keyof T)[];
  return Object.fromEntries(
    keys
      .filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]))
      .map((key) => [key, after[key]]),
  ) as Partial<T>;
}

/** Tags as they are written, separated by commas: each once, without blanks around it. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()))].filter(Boolean);
}

/** A time for a `datetime-local` field. */
export function toLocal(at: string | null | undefined): string {
  if (!at) return '';
  const time = new Date(at);
  return `${toDay(at)}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** What a `datetime-local` field holds, for the API. */
export function fromLocal(text: string): string | null {
  return text === '' ? null : new Date(text).toISOString();
}

/** The day of a time in the reader's zone, for a `date` field. */
export function toDay(at: string | number): string {
  const time = new Date(at);
  return `${String(time.getFullYear())}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** The last second of a day in the reader's zone. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString();
}

/** How many days a date without a time is away: 0 is today. */
export function daysTo(day: string, now: number): number {
  const utc = (text: string) => new Date(`${text.slice(0, 10)}T00:00:00Z`).getTime();
  return Math.round((utc(day) - utc(toDay(now))) / 86_400_000);
}
