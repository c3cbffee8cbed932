import { expect, it } from 'vitest';
import type { CalendarItem } from '../api/types';
import {
  addDays,
  addMonths,
  byDay,
  byTime,
  dayKey,
  dayOf,
  gridRange,
  monthGrid,
  monthKey,
  parseDay,
  parseMonth,
  week,
} from './grid';

const item = (changes: Partial<CalendarItem>): CalendarItem => ({
  id: 'i',
  kind: 'sla_due',
  title: 't',
  at: '2026-11-23T12:00:00Z',
  all_day: false,
  entity_type: 'finding',
  entity_id: 'f',
  status: 'open',
  company_id: 'c',
  company_name: 'C',
  date: null,
  ends_at: null,
  ends_on: null,
  project_id: null,
  project_name: null,
  severity: null,
  ...changes,
});

it('lays out each month in whole weeks from Monday, every day once', () => {
  for (let month = 0; month < 48; month += 1) {
    const first = new Date(2025, month, 1);
    const grid = monthGrid(first);
    const days = grid.flat();
    expect(days.length % 7).toBe(0);
    expect(days[0]?.date.getDay()).toBe(1);
    expect(new Set(days.map((day) => day.key)).size).toBe(days.length);
    const inside = days.filter((day) => day.inMonth);
    expect(inside[0]?.key).toBe(dayKey(first));
    expect(inside.length).toBe(new Date(2025, month + 1, 0).getDate());
    expect(grid.every((week) => week.some((day) => day.inMonth))).toBe(true);
  }
});

it('asks for the whole grid, its last day included', () => {
  const grid = monthGrid(new Date(2026, 10, 1));
  const { from, to } = gridRange(grid);
  expect(new Date(from)).toEqual(new Date(2026, 9, 26));
  expect(new Date(to)).toEqual(new Date(2026, 11, 7));
});

it('reads a month and rejects anything else', () => {
  expect(parseMonth('2026-02')).toEqual(new Date(2026, 1, 1));
  for (const text of [null, '', '2026', '2026-13', '2026-00', '26-01', '2026-1', '2026-01-01']) {
    expect(parseMonth(text), String(text)).toBeNull();
  }
  expect(monthKey(addMonths(new Date(2026, 0, 31), 1))).toBe('2026-02');
  expect(monthKey(addMonths(new Date(2026, 0, 1), -1))).toBe('2025-12');
});

it('reads a day and finds its week, across months and daylight saving', () => {
  for (const text of [null, '', '2026-11', '2026-11-31', '2026-02-29', '2026-1-1', '2026-11-23T00:00:00Z']) {
    expect(parseDay(text), String(text)).toBeNull();
  }
  for (let day = 0; day < 800; day += 1) {
    const date = addDays(new Date(2025, 0, 1), day);
    expect(parseDay(dayKey(date))).toEqual(date);
    const days = week(date);
    expect(days[0]?.date.getDay()).toBe(1);
    expect(days.map(({ key }) => key)).toContain(dayKey(date));
    expect(new Set(days.map(({ key }) => key)).size).toBe(7);
    expect(addDays(days[0]?.date ?? date, 6)).toEqual(days[6]?.date);
  }
});

it('lists a day in order', () => {
  const items = byTime([
    item({ id: 'late', at: '2026-11-23T23:00:00Z', severity: 'urgent' }),
    item({ id: 'mild', severity: 'low' }),
    item({ id: 'bad', severity: 'critical' }),
    item({ id: 'day', kind: 'project_end', all_day: true, date: '2026-11-23', at: '2026-11-23T00:00:00Z' }),
  ]);
  expect(items.map(({ id }) => id)).toEqual(['day', 'bad', 'mild', 'late']);
});

it('puts a date without a time on that date in every time zone', () => {
  expect(
    dayOf(item({ kind: 'project_end', at: '2026-11-30T00:00:00Z', all_day: true, date: '2026-11-30' })),
  ).toBe('2026-11-30');
  expect(dayOf(item({ at: '2026-11-30T12:00:00Z' }))).toBe(dayKey(new Date('2026-11-30T12:00:00Z')));
});

it('shows the most severe of a day first, after items without a severity', () => {
  const days = byDay([
    item({ id: 'low', severity: 'low' }),
    item({ id: 'late', severity: 'critical', at: '2026-11-23T12:30:00Z' }),
    item({ id: 'early', severity: 'critical' }),
    item({ id: 'scan', kind: 'scan', severity: null }),
    item({ id: 'other', at: '2026-11-25T12:00:00Z' }),
  ]);
  expect(days.get('2026-11-23')?.map(({ id }) => id)).toEqual(['scan', 'early', 'late', 'low']);
  expect(days.get('2026-11-25')).toHaveLength(1);
});
