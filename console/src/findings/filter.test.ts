import { expect, it } from 'vitest';
import { SEVERITIES } from '../api/types';
import { askOf, isFiltered, readFilter, toggled } from './filter';

const read = (text: string) => readFilter(new URLSearchParams(text));

it('shows active findings by default', () => {
  const filter = read('');
  expect(isFiltered(filter)).toBe(false);
  expect(askOf(filter, null)).toEqual({ sort: '-severity', status: 'open,in_progress,retest' });
  expect(askOf(read('status=all'), null)).toEqual({ sort: '-severity' });
});

it('reads a URL and ignores unknown values', () => {
  const filter = read(
    'severity=critical,nonsense,high&status=closed,weird&assignee=me&sla=breached&project_id=p&scan_id=s&target=t&identifier=CVE-2024-1&tag=pci&text=sql',
  );
  expect(askOf(filter, 'c')).toEqual({
    company_id: 'c',
    project_id: 'p',
    scan_id: 's',
    target: 't',
    identifier: 'CVE-2024-1',
    tag: 'pci',
    severity: 'high,critical',
    status: 'closed',
    assignee: 'me',
    sla: 'breached',
    text: 'sql',
    sort: '-severity',
  });
  expect(askOf(read('sort=due'), null).sort).toBe('sla_due_at');
  expect(askOf(read('sort=constructor'), null).sort).toBe('-severity');
  expect(isFiltered(filter)).toBe(true);
  expect(askOf(read('assignee=none&sla=due_in_7_days'), null)).toMatchObject({
    assignee: 'none',
    sla: 'due_in_7_days',
  });
  expect(isFiltered(read('target=t'))).toBe(true);
  expect(isFiltered(read('identifier=CVE-2024-1'))).toBe(true);
  expect(isFiltered(read('assignee=someone&sla=late'))).toBe(false);
});

it('adds a value and removes it', () => {
  expect(toggled([], 'high', SEVERITIES)).toBe('high');
  expect(toggled(['urgent', 'low'], 'high', SEVERITIES)).toBe('low,high,urgent');
  expect(toggled(['high'], 'high', SEVERITIES)).toBe('');
});
