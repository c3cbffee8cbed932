import { expect, it } from 'vitest';
import { concerns } from './topics';

it('matches the same topic, or all of a kind', () => {
  expect(concerns('finding:1', 'finding:1')).toBe(true);
  expect(concerns('finding', 'finding:1')).toBe(true);
  expect(concerns('finding:1', 'finding:2')).toBe(false);
  expect(concerns('finding', 'findings')).toBe(false);
  expect(concerns('finding:1', 'finding')).toBe(false);
});
