import { expect, it } from 'vitest';
import type { TraceEntry } from '../api/settings';
import { traceTree } from './trace';

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

it('draws who was told and who was not, each with their channels', () => {
  const tree = traceTree([
    entry('ana', 'in_app', true),
    entry('ana', 'email', true),
    entry('ana', 'slack', false),
    entry('gone', 'email', false),
  ]);
  expect(tree.told.map(({ name }) => name)).toEqual(['ANA']);
  expect(tree.told[0]?.leaves.map(({ channel }) => channel)).toEqual(['in_app', 'email']);
  expect(tree.not.map(({ name }) => name)).toEqual(['ANA', 'gone']);
  expect(tree.not[0]?.leaves.map(({ channel }) => channel)).toEqual(['slack']);
});
