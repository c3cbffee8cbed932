import { expect, it } from 'vitest';
import { asked, narrowed, sameQuery } from './query';

const names = ['kind', 'text', 'sort'];

it('takes known parameters that are set, and the company', () => {
  const query = new URLSearchParams('kind=host&text=&other=1');
  expect(asked(query, null, names)).toEqual({ kind: 'host' });
  expect(asked(query, 'c1', names)).toEqual({ company_id: 'c1', kind: 'host' });
});

it('does not take an order for a filter', () => {
  expect(narrowed(new URLSearchParams('sort=-updated_at'), names)).toBe(false);
  expect(narrowed(new URLSearchParams('text=shop'), names)).toBe(true);
  expect(narrowed(new URLSearchParams('text='), names)).toBe(false);
});

it('recognizes a query in a different order and spelling', () => {
  expect(sameQuery('a=1&severity=high%2Curgent', 'severity=high,urgent&a=1')).toBe(true);
  expect(sameQuery('', '')).toBe(true);
  expect(sameQuery('a=1', 'a=2')).toBe(false);
  expect(sameQuery('a=1', 'a=1&b=')).toBe(false);
});
