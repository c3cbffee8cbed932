import { expect, it } from 'vitest';
import type { TraceEntry } from '../api/settings';
import { outcomeOf, traceTree } from './trace';

const entry = (recipient: string, channel: TraceEntry['channel'], told: boolean): TraceEntry => ({
  channel,
  recipient_type: 'user',
  recipient,
  name: recipient === 'gone' ? null : recipient.toUpperCase(),
  told,
  reason: '',
  explanation: '',
  rule_id: null,
  delivery: null,
});

it('hangs every channel on its recipient, those who were told first', () => {
  const tree = traceTree([
    entry('gone', 'email', false),
    entry('ana', 'slack', false),
    entry('ana', 'in_app', true),
    entry('ana', 'email', true),
  ]);
  expect(tree.map(({ name, told }) => [name, told])).toEqual([
    ['ANA', true],
    ['gone', false],
  ]);
  expect(tree[0]?.leaves.map(({ channel }) => channel)).toEqual(['slack', 'in_app', 'email']);
});

it('tells a message under way from one that is given up', () => {
  const sent = (state: string) =>
    ({ ...entry('ana', 'email', false), delivery: { state } }) as unknown as TraceEntry;
  expect(outcomeOf(entry('ana', 'email', true))).toBe('told');
  expect(outcomeOf(entry('ana', 'email', false))).toBe('not');
  expect(outcomeOf(sent('pending'))).toBe('waiting');
  expect(outcomeOf(sent('failed'))).toBe('not');
});
