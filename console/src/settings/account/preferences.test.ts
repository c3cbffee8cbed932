import { expect, it } from 'vitest';
import type { CellSources, EventType } from '../../api/settings';
import { canReach, columnsOf, rowsOf } from './preferences';

const kind = (type: EventType['type']): EventType => ({
  type,
  category: 'finding',
  summary: '',
  severity: true,
  notifies: true,
  live: true,
  platform: false,
  channels: ['in_app', 'email'],
});
const preferences = {
  'finding.assigned:email': true,
  'finding.assigned:in_app': true,
  'finding.deleted:email': true,
  'finding.deleted:in_app': true,
};
const rule = { kind: 'rule', rule_id: 'r', company_id: null, min_severity: null, text: 'A rule.' };
const yes: CellSources = { possible: true, sources: [rule] };
const no: CellSources = { possible: false, sources: [] };
const sources = {
  'finding.assigned:email': yes,
  'finding.assigned:in_app': no,
  'finding.deleted:email': no,
};

it('has a column for each channel of the matrix, in a fixed order', () => {
  expect(columnsOf(preferences)).toEqual(['in_app', 'email']);
});

it('shows the events that can reach the user, or all that have cells', () => {
  const types = [kind('finding.deleted'), kind('finding.assigned'), kind('scan.deleted')];
  const shown = (all: boolean) => rowsOf(types, preferences, sources, all).map(({ type }) => type);
  expect(shown(false)).toEqual(['finding.assigned']);
  expect(shown(true)).toEqual(['finding.deleted', 'finding.assigned']);
  expect(canReach(sources, 'finding.assigned', 'email')).toBe(true);
  expect(canReach(sources, 'finding.deleted', 'in_app')).toBe(false);
});
