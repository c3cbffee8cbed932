import { expect, test } from 'vitest';
import { line, scale } from './chart';

test('a scale has round grid lines and contains every value', () => {
  expect(scale([])).toEqual({ top: 1, lines: [0, 1] });
  expect(scale([3])).toEqual({ top: 3, lines: [0, 1, 2, 3] });
  expect(scale([13])).toEqual({ top: 15, lines: [0, 5, 10, 15] });
  expect(scale([70, 81])).toEqual({ top: 100, lines: [0, 50, 100] });
  for (const most of [1, 2, 7, 99, 100, 101, 12_345]) {
    const { top, lines } = scale([most]);
    expect(top).toBeGreaterThanOrEqual(most);
    expect(lines.length).toBeLessThanOrEqual(5);
  }
});

test('a line goes from the middle of the first column to that of the last, 0 at the bottom', () => {
  expect(line([0, 10], 10, 100, 50)).toBe('25.00,50.00 75.00,0.00');
});
