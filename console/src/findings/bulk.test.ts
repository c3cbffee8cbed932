import { expect, test } from 'vitest';
import type { Finding, FindingStatus } from '../api/types';
import { alike, assigneesOf, commonCompany, commonStatuses } from './bulk';

const finding = (
  id: string,
  status: FindingStatus,
  allowed_statuses: FindingStatus[],
  company_id = 'c',
  users: string[] = [],
): Finding =>
  ({
    id,
    status,
    allowed_statuses,
    company_id,
    assignees: { users: users.map((user) => ({ id: user, name: user })), teams: [] },
  }) as unknown as Finding;

test('only statuses allowed for all are offered', () => {
  const open = finding('a', 'open', ['in_progress', 'closed']);
  const working = finding('b', 'in_progress', ['open', 'closed']);
  expect(commonStatuses([open])).toEqual(['in_progress', 'closed']);
  expect(commonStatuses([open, working])).toEqual(['in_progress', 'closed']);
  expect(commonStatuses([open, finding('c', 'closed', ['open'])])).toEqual(['closed']);
  expect(commonStatuses([])).toEqual([]);
});

test('the company is common only if all share it', () => {
  expect(commonCompany([finding('a', 'open', []), finding('b', 'open', [])])).toBe('c');
  expect(commonCompany([finding('a', 'open', []), finding('b', 'open', [], 'd')])).toBeNull();
});

test('equal values are restored together', () => {
  const rows = [
    finding('a', 'open', [], 'c', ['x', 'y']),
    finding('b', 'retest', [], 'c', ['y', 'x']),
    finding('d', 'open', []),
  ];
  expect(alike(rows, ({ status }) => status)).toEqual([
    { ids: ['a', 'd'], before: 'open' },
    { ids: ['b'], before: 'retest' },
  ]);
  expect(alike(rows, assigneesOf).map(({ ids }) => ids)).toEqual([['a', 'b'], ['d']]);
});
