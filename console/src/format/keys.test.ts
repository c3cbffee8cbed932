import { expect, test } from 'vitest';
import { Keys } from './keys';

const wanted = ['?', 'g f', 'g i', 'f'];

test('a single key is itself', () => {
  expect(new Keys().press('?', wanted, 0)).toBe('?');
  expect(new Keys().press('z', wanted, 0)).toBeNull();
});

test('two keys within a second are a sequence', () => {
  const keys = new Keys();
  expect(keys.press('g', wanted, 0)).toBeNull();
  expect(keys.press('f', wanted, 900)).toBe('g f');
});

test('a slow second key stands alone', () => {
  const keys = new Keys();
  keys.press('g', wanted, 0);
  expect(keys.press('f', wanted, 1100)).toBe('f');
});

test('a key that ends no sequence ends it', () => {
  const keys = new Keys();
  keys.press('g', wanted, 0);
  expect(keys.press('z', wanted, 10)).toBeNull();
  expect(keys.press('i', wanted, 20)).toBeNull();
});

test('the first key may begin again', () => {
  const keys = new Keys();
  keys.press('g', wanted, 0);
  keys.press('g', wanted, 100);
  expect(keys.press('i', wanted, 200)).toBe('g i');
});
