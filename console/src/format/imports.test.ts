import { expect, it } from 'vitest';
import { skippedByReason, worthAnother } from './imports';

it('gathers skipped results by their reason, the commonest first', () => {
  const groups = skippedByReason([
    { where: 'results[0]', reason: 'a pass' },
    { where: 'results[1]', reason: 'suppressed' },
    { where: 'results[4]', reason: 'suppressed' },
  ]);
  expect(groups).toEqual([
    { reason: 'suppressed', places: ['results[1]', 'results[4]'] },
    { reason: 'a pass', places: ['results[0]'] },
  ]);
  expect(skippedByReason([])).toEqual([]);
});

it('offers another try only where it can help', () => {
  expect([0, 429, 500, 503].every(worthAnother)).toBe(true);
  expect([401, 403, 409, 413, 422].some(worthAnother)).toBe(false);
});
