import { expect, it } from 'vitest';
import { hoursOf } from './hours';

it.each([
  ['4, 72 24', [72, 24, 4]],
  ['2160', [2160]],
  ['', null],
  ['0', null],
  ['2161', null],
  ['4, 4', null],
  ['1.5', null],
  ['-3', null],
  ['1,2,3,4,5,6,7,8,9,10,11', null],
])('reads “%s”', (text, hours) => {
  expect(hoursOf(text)).toEqual(hours);
});
