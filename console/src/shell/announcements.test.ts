import { expect, it } from 'vitest';
import type { Announcement } from '../api/announcements';
import { shown } from './announcements';

const now = new Date('2026-12-01T12:00:00Z').getTime();
const one = (id: string, until: string | null): Announcement => ({
  id,
  title: id,
  body: '',
  until,
  created_at: '2026-12-01T08:00:00Z',
});

it('shows what is neither dismissed nor expired', () => {
  const all = [one('stays', null), one('over', '2026-12-01T11:59:59Z'), one('later', '2026-12-01T12:00:01Z')];
  expect(shown(all, [], now).map(({ id }) => id)).toEqual(['stays', 'later']);
  expect(shown(all, ['stays'], now).map(({ id }) => id)).toEqual(['later']);
});
