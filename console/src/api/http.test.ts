import { afterEach, expect, it, vi } from 'vitest';
import { address, problemOf, request } from './http';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A server that gives these answers in order; records the keys it received. */
function answering(...answers: (number | 'broken')[]): (string | undefined)[] {
  const keys: (string | undefined)[] = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    keys.push((init.headers as Record<string, string>)['idempotency-key']);
    const answer = answers.shift();
    return answer === undefined || answer === 'broken'
      ? Promise.reject(new TypeError('no connection'))
      : Promise.resolve(new Response('{}', { status: answer }));
  });
  return keys;
}

it('creates once for a repeated request, and again after an answer', async () => {
  const keys = answering(201, 201, 201, 201);
  const ask = (name: string) => request('/projects', { method: 'POST', body: { name } });
  await Promise.all([ask('a'), ask('a')]);
  await ask('a');
  await ask('b');
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(3);
});

it('keeps the key while the outcome is unknown', async () => {
  const keys = answering('broken', 503, 409, 201);
  const ask = () => request('/projects', { method: 'POST', body: { name: 'c' } }).catch(() => undefined);
  for (let times = 0; times < 4; times += 1) await ask();
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).toBe(keys[0]);
  expect(keys[3]).not.toBe(keys[0]);
});

it('sends no key with a password, nor if nothing is created', async () => {
  const keys = answering(200, 200, 200);
  await request('/auth/login', { method: 'POST', body: { email: 'a', password: 'b' } });
  await request('/notifications/read-all', { method: 'POST' });
  await request('/me', { method: 'PATCH', body: { name: 'a' } });
  expect(keys).toEqual([undefined, undefined, undefined]);
});

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

it('copes with a body that is not a problem document', () => {
  for (const body of [null, '<html>', 7, [], { title: 7 }]) {
    expect(problemOf(502, body).message).toBe('HTTP 502');
  }
  expect(problemOf(429, null, '12').retryAfter).toBe(12);
  expect(problemOf(429, null, 'Wed, 21 Oct 2026').retryAfter).toBeNull();
});
