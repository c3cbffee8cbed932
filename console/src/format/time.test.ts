import { expect, it } from 'vitest';
import { ago, away, awayByDay, date, span, took, urgency, countdown } from './time';

const now = new Date('2026-11-23T12:00:00Z').getTime();
const back = (seconds: number) => new Date(now - seconds * 1000).toISOString();

it('formats how long ago', () => {
  expect(ago(back(0), now)).toBe('just now');
  expect(ago(back(44), now)).toBe('just now');
  expect(ago(back(60), now)).toBe('1 min ago');
  expect(ago(back(59 * 60), now)).toBe('59 min ago');
  expect(ago(back(3 * 3600), now)).toBe('3 h ago');
  expect(ago(back(86_400), now)).toBe('yesterday');
  expect(ago(back(3 * 86_400), now)).toBe('3 days ago');
  expect(ago(back(-2 * 3600), now)).toBe('in 2 h');
  expect(ago('2026-01-05T12:00:00Z', now)).toBe('5 Jan');
  expect(ago('2025-01-05T12:00:00Z', now)).toBe('5 Jan 2025');
});

it('formats any distance in time', () => {
  expect(away(back(-40 * 86_400), now)).toBe('in 40 days');
  expect(away(back(8 * 86_400), now)).toBe('8 days ago');
});

it('formats the distance to a day, whatever the hour', () => {
  const at = new Date(2026, 2, 28, 23, 50).getTime();
  expect(awayByDay(new Date(2026, 2, 28), at)).toBe('today');
  expect(awayByDay(new Date(2026, 2, 29), at)).toBe('tomorrow');
  expect(awayByDay(new Date(2026, 2, 27), at)).toBe('yesterday');
  // Across the night when daylight saving begins.
  expect(awayByDay(new Date(2026, 2, 31), at)).toBe('in 3 days');
  expect(awayByDay(new Date(2026, 2, 1), at)).toBe('27 days ago');
});

it('reads a nanosecond timestamp', () => {
  expect(ago('2026-11-23T11:00:00.123456789Z', now)).toBe('1 h ago');
});

it('shows the year of a date only if it is not the current one', () => {
  expect(date('2026-02-03T12:00:00Z', now)).toBe('3 Feb');
  expect(date('2027-02-03T12:00:00Z', now)).toBe('3 Feb 2027');
});

it('formats a span in its two largest units', () => {
  const minute = 60_000;
  expect(span(0)).toBe('1 min');
  expect(span(35 * minute)).toBe('35 min');
  expect(span(60 * minute)).toBe('1 h');
  expect(span(125 * minute)).toBe('2 h 5 min');
  expect(span(-52 * 60 * minute)).toBe('2 d 4 h');
  expect(span(48 * 60 * minute)).toBe('2 d');
  expect(span(30.5 * 24 * 60 * minute)).toBe('30 d');
});

it('classifies the urgency of a deadline', () => {
  expect(urgency(back(1), now)).toBe('breached');
  expect(urgency(back(0), now)).toBe('breached');
  expect(urgency(back(-3600), now)).toBe('near');
  expect(urgency(back(-3 * 86_400), now)).toBe('calm');
});

it('formats how long something took', () => {
  expect(took(back(2), back(1.99))).toBe('under 0.1 s');
  expect(took(back(2), back(1.6))).toBe('0.4 s');
  expect(took(back(60), back(18))).toBe('42 s');
  expect(took(back(400), back(0))).toBe('6 min');
  expect(took(back(0), back(5))).toBe('');
});

it('counts down to the minute, and to the second on the last day', () => {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  expect(countdown(52 * hour + 13 * minute + 59 * second)).toBe('2 d 4 h 13 min');
  expect(countdown(24 * hour)).toBe('1 d 0 h 0 min');
  expect(countdown(3 * hour + 4 * minute + 9 * second)).toBe('3:04:09');
  expect(countdown(-5 * second)).toBe('0:00:05');
});
