import { expect, it } from 'vitest';
import { address, problemOf } from './http';

it('leaves out parameters without a value', () => {
  expect(address('/findings', { a: 1, b: null, c: undefined, d: '', e: false })).toBe(
    '/api/v1/findings?a=1&e=false',
  );
  expect(address('/me')).toBe('/api/v1/me');
});

it('reads a problem document', () => {
  const problem = problemOf(422, {
    title: 'Does not fit',
    detail: 'See the fields.',
    errors: [{ field: 'name', detail: 'too long' }, 'nonsense', null],
  });
  expect(problem.message).toBe('Does not fit');
  expect(problem.field('name')).toBe('too long');
  expect(problem.field('email')).toBeUndefined();
  expect(problem.errors).toHaveLength(1);
});

it('makes do with what is no problem document', () => {
  for (const body of [null, '<html>', 7, [], { title: 7 }]) {
    expect(problemOf(502, body).message).toBe('HTTP 502');
  }
  expect(problemOf(429, null, '12').retryAfter).toBe(12);
  expect(problemOf(429, null, 'Wed, 21 Oct 2026').retryAfter).toBeNull();
});
