import { expect, it } from 'vitest';
import type { TraceEntry } from '../../api/settings';
import { outcomeOf, reachedNobody, teamOf, traceTree } from './trace';

const entry = (recipient: string, channel: TraceEntry['channel'], told: boolean): TraceEntry => ({
  channel,
  recipient_type: 'user',
  recipient,
  name: recipient === 'gone' ? null : recipient.toUpperCase(),
  told,
  reason: '',
  explanation: '',
  rule_id: null,
  team_id: null,
  delivery: null,
  notification_id: null,
});

it('groups channels by recipient, notified recipients first', () => {
  const tree = traceTree([
    entry('gone', 'email', false),
    entry('ana', 'slack', false),
    entry('ana', 'in_app', true),
    entry('ana', 'email', true),
  ]);
  expect(tree.map(({ name, notified }) => [name, notified])).toEqual([
    ['ANA', true],
    ['gone', false],
  ]);
  expect(tree[0]?.leaves.map(({ channel }) => channel)).toEqual(['slack', 'in_app', 'email']);
});

it('distinguishes a pending message from a failed one', () => {
  const sent = (state: string) =>
    ({ ...entry('ana', 'email', false), delivery: { state } }) as unknown as TraceEntry;
  expect(outcomeOf(entry('ana', 'email', true))).toBe('notified');
  expect(outcomeOf(entry('ana', 'email', false))).toBe('not');
  expect(outcomeOf(sent('pending'))).toBe('waiting');
  expect(outcomeOf(sent('failed'))).toBe('not');
});

it('treats a message waiting for its import as pending', () => {
  const waits = { ...entry('ana', 'email', false), reason: 'pending' };
  expect(outcomeOf(waits)).toBe('waiting');
});

// promise: O8
it('reports that nobody was reached only once it is decided', () => {
  const planned_at = '2026-11-30T07:00:00Z';
  const nobody = entry('ana', 'email', false);
  expect(reachedNobody({ planned_at, entries: [] })).toBe(true);
  expect(reachedNobody({ planned_at, entries: [nobody] })).toBe(true);
  expect(reachedNobody({ planned_at: null, entries: [] })).toBe(false);
  expect(reachedNobody({ planned_at, entries: [nobody, entry('ben', 'in_app', true)] })).toBe(false);
  expect(reachedNobody({ planned_at, entries: [{ ...nobody, reason: 'pending' }] })).toBe(false);
});

// promise: O8
it('names the team through which a person was considered', () => {
  const team = { ...entry('blue', 'slack', true), recipient_type: 'team' };
  const member = { ...entry('ana', 'slack', false), team_id: 'blue' };
  expect(teamOf(member, [team, member])).toBe('BLUE');
  expect(teamOf(member, [member]), 'not in this trace').toBeNull();
  expect(teamOf(entry('ana', 'slack', true), [team])).toBeNull();
});
