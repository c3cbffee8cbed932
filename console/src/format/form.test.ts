import { expect, it } from 'vitest';
import { Problem } from '../api/http';
import { changed, daysTo, endOfDay, fieldError, fromLocal, orNull, tagsOf, toDay, toLocal } from './form';

it('sends only what differs', () => {
  const before = { name: 'Shop', identifier: 'a' as string | null, kind: 'host' };
  expect(changed(before, { ...before, identifier: null })).toEqual({ identifier: null });
  expect(changed(before, { ...before })).toEqual({});
  expect(changed({ tags: ['a'] }, { tags: ['a'] })).toEqual({});
  expect(changed({ tags: ['a'] }, { tags: ['a', 'b'] })).toEqual({ tags: ['a', 'b'] });
  expect([orNull('  x '), orNull('  ')]).toEqual(['x', null]);
  expect(tagsOf(' pci, web shop,, pci ')).toEqual(['pci', 'web shop']);
});

it('returns the errors of a field and of its entries', () => {
  const problem = new Problem(422, '', '', [
    { field: 'recipients.urls[1]', detail: 'not allowed' },
    { field: 'recipients.urls[10]', detail: 'too long' },
    { field: 'filters.project_ids', detail: 'of another company' },
  ]);
  expect(fieldError(problem, 'recipients.urls')).toBe('2: not allowed; 11: too long');
  expect(fieldError(problem, 'filters')).toBe('of another company');
  expect(fieldError(problem, 'recipients.url')).toBeUndefined();
  expect(fieldError(null, 'filters')).toBeUndefined();
});

it('shows a time in the reader’s time zone and returns it to the minute', () => {
  const at = '2026-11-27T10:30:45.123Z';
  const shown = toLocal(at);
  expect(shown).toMatch(/^2026-11-2\dT\d\d:30$/);
  expect(fromLocal(shown)).toBe('2026-11-27T10:30:00.000Z');
  expect([toLocal(null), fromLocal('')]).toEqual(['', null]);
});

it('ends a day in the reader’s time zone', () => {
  expect(toDay(endOfDay('2026-03-29'))).toBe('2026-03-29');
  expect(new Date(endOfDay('2026-03-29')).getHours()).toBe(23);
});

it('counts days by the calendar and not by hours', () => {
  const now = new Date('2026-11-27T23:50:00').getTime();
  expect(daysTo('2026-11-27', now)).toBe(0);
  expect(daysTo('2026-11-28', now)).toBe(1);
  expect(daysTo('2026-11-20', now)).toBe(-7);
});
