import { expect, it } from 'vitest';
import type { ReportStatus } from '../api/records';
import { ended } from './ready';

it('reports pending reports that finished', () => {
  const before = new Map<string, ReportStatus>([
    ['a', 'pending'],
    ['b', 'running'],
    ['c', 'running'],
    ['d', 'ready'],
  ]);
  const now = [
    { id: 'a', status: 'running' as const },
    { id: 'b', status: 'ready' as const },
    { id: 'c', status: 'failed' as const },
    { id: 'd', status: 'ready' as const },
    { id: 'new', status: 'ready' as const },
  ];
  expect(ended(before, now).map(({ id }) => id)).toEqual(['b', 'c']);
});
