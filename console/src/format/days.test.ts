import { expect, test } from 'vitest';
import type { Notification } from '../api/types';
import { inboxDays } from './days';

const now = new Date(2026, 10, 27, 9).getTime();
const row = (id: string, at: Date) => ({ id, created_at: at.toISOString() }) as Notification;

test('rows are grouped by day, in order', () => {
  const days = inboxDays(
    [
      row('d', new Date(2026, 10, 27, 8)),
      row('c', new Date(2026, 10, 27, 0, 1)),
      row('b', new Date(2026, 10, 26, 23, 59)),
      row('a', new Date(2025, 10, 20, 12)),
    ],
    now,
  );
  expect(days.map(({ name, rows }) => [name, rows.map(({ id }) => id)])).toEqual([
    ['Today', ['d', 'c']],
    ['Yesterday', ['b']],
    ['20 Nov 2025', ['a']],
  ]);
});

test('no rows give no days', () => {
  expect(inboxDays([], now)).toEqual([]);
});
