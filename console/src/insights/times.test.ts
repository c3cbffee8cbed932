import { expect, it } from 'vitest';
import type { SeverityTimes } from '../api/insights';
import { lasting, severeOf } from './times';

const row = (severity: SeverityTimes['severity'], median: number | null, unread = 0): SeverityTimes => ({
  severity,
  events: 5,
  read: 5 - unread,
  unread,
  reached_nobody: 0,
  median_seconds: median,
  p90_seconds: median,
});

it('formats a duration in its significant units', () => {
  expect([0, 0.4, 1, 12.4, 59.4, 59.6, 61, 3600, 7500, 100_000].map(lasting)).toEqual([
    '< 1 s',
    '< 1 s',
    '1 s',
    '12 s',
    '59 s',
    '1 min',
    '1 min',
    '1 h',
    '2 h 5 min',
    '1 d 3 h',
  ]);
});

it('sums up critical and urgent events only', () => {
  expect(
    severeOf([row('urgent', 61, 1), row('critical', 380, 3), row('high', 10, 9), row(null, 5, 9)]),
  ).toEqual({
    medians: [
      { severity: 'urgent', seconds: 61 },
      { severity: 'critical', seconds: 380 },
    ],
    unread: 4,
  });
  expect(severeOf([row('critical', null, 5)])).toEqual({ medians: [], unread: 5 });
  expect(severeOf([row('high', 10)])).toBeNull();
});
