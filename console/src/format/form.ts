/** Between API values and form values: texts, dates and times in the reader's time zone. Pure. */

import type { Problem } from '../api/http';

const two = (value: number): string => String(value).padStart(2, '0');

/** Whether an error of `field` is shown at `shown`: the field itself, an entry of it, or a part of it. */
export const isOf = (field: string, shown: string): boolean =>
  field === shown || field.startsWith(`${shown}[`) || field.startsWith(`${shown}.`);

/** The errors of a form field and its entries, each with its position in the list. */
export function fieldError(problem: Problem | null, shown: string): string | undefined {
  const found = (problem?.errors ?? []).filter(({ field, detail }) => isOf(field, shown) && detail !== '');
  const texts = found.map(({ field, detail }) => {
    const place = /^\[(\d+)\]/.exec(field.slice(shown.length))?.[1];
    return place === undefined ? detail : `${String(Number(place) + 1)}: ${detail}`;
  });
  return texts.length === 0 ? undefined : texts.join('; ');
}

/** The trimmed text; null if nothing is left. */
export function orNull(text: string): string | null {
  const rest = text.trim();
  return rest === '' ? null : rest;
}

/** The fields that differ: only these are sent, so that nobody's change to another field is overwritten. */
export function changed<T extends object>(before: T, after: T): Partial<T> {
  const keys = Object.keys(after) as (keyof T)[];
  return Object.fromEntries(
    keys
      .filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]))
      .map((key) => [key, after[key]]),
  ) as Partial<T>;
}

/** Tags as typed, separated by commas: without duplicates, trimmed. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()))].filter(Boolean);
}

/** A time as the value of a `datetime-local` field. */
export function toLocal(at: string | null | undefined): string {
  if (!at) return '';
  const time = new Date(at);
  return `${toDay(at)}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** The value of a `datetime-local` field, for the API. */
export function fromLocal(text: string): string | null {
  return text === '' ? null : new Date(text).toISOString();
}

/** The day of a time in the reader's time zone, for a `date` field. */
export function toDay(at: string | number): string {
  const time = new Date(at);
  return `${String(time.getFullYear())}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** The last second of a day in the reader's time zone. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString();
}

/** How many days until a date without a time: 0 is today. */
export function daysTo(day: string, now: number): number {
  const utc = (text: string) => new Date(`${text.slice(0, 10)}T00:00:00Z`).getTime();
  return Math.round((utc(day) - utc(toDay(now))) / 86_400_000);
}
