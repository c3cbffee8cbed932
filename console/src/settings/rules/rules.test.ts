import { expect, it } from 'vitest';
import { CHANNELS, type EventType, type Rule } from '../../api/settings';
import { bodyOf, channelsOf, filterCount, formOf, hasNoDestination, lines } from './rules';

const kind = (severity: boolean, channels: EventType['channels']): EventType => ({
  type: 'finding.created',
  category: 'finding',
  summary: '',
  severity,
  notifies: true,
  live: true,
  platform: false,
  channels,
});
const rule: Rule = {
  id: 'r',
  event_type: 'finding.created',
  channel: 'email',
  min_severity: 'high',
  company_id: 'c',
  recipients: {
    emails: ['a@x.test', 'b@x.test'],
    user_ids: ['u'],
    team_ids: ['t'],
    roles: ['manager'],
    owners: true,
    followers: false,
    urls: [],
  },
  filters: { project_ids: ['p'], tags: ['pci', 'web'], statuses: ['open'] },
  batch: 'import',
  enabled: true,
  disabled_reason: null,
  format: null,
  template: null,
  created_at: '2026-11-23T12:00:00Z',
  updated_at: '2026-11-23T12:00:00Z',
};

it('sends back the same rule it received', () => {
  const body = bodyOf(formOf(rule, ''), kind(true, ['email']));
  const { id, disabled_reason, batch, format, template, created_at, updated_at, ...rest } = rule;
  expect([id, disabled_reason, batch, format, template, created_at, updated_at]).toBeDefined();
  expect(body).toEqual(rest);
  expect(filterCount(rule.filters)).toBe(3);
  expect(filterCount({ tags: [], tools: ['trivy'] })).toBe(1);
});

it('sends nothing that the channel or the scope cannot use', () => {
  const form = { ...formOf(rule, ''), urls: 'https://x.test/a\n https://x.test/b,', company: '' };
  const post = bodyOf({ ...form, channel: 'webhook' }, kind(true, [...CHANNELS]));
  expect(post.recipients).toEqual({
    emails: [],
    user_ids: [],
    team_ids: [],
    roles: [],
    owners: false,
    followers: false,
    urls: ['https://x.test/a', 'https://x.test/b'],
  });
  // Projects belong to one company, and this rule is for every company.
  expect(post.filters).toEqual({ tags: ['pci', 'web'], statuses: ['open'] });
  expect([post.batch, post.format, post.template]).toEqual(['import', 'standard', undefined]);
  const chat = bodyOf({ ...form, channel: 'chat' }, undefined);
  expect(chat.template).toBe('mattermost');
  expect(chat.recipients).toMatchObject({ user_ids: [], team_ids: ['t'], roles: [], owners: true });
  expect(bodyOf(form, kind(false, ['email'])).min_severity).toBeNull();
});

it('knows if a rule has no destination', () => {
  const form = { ...formOf(null, 'c'), channel: 'webhook' as const };
  expect(hasNoDestination(form)).toBe(true);
  expect(hasNoDestination({ ...form, urls: 'https://x.test/a' })).toBe(false);
  expect(hasNoDestination({ ...form, teams: ['t'] })).toBe(true);
  expect(hasNoDestination({ ...form, channel: 'slack', teams: ['t'] })).toBe(false);
  expect(hasNoDestination({ ...form, channel: 'email' })).toBe(false);
});

it('starts a new rule with nothing selected', () => {
  const form = formOf(null, 'c');
  expect([form.type, form.company, form.batch, form.enabled]).toEqual(['', 'c', 'import', true]);
  expect(bodyOf(form, undefined).filters).toEqual({});
});

it('offers only the channels of the event type', () => {
  expect(channelsOf(kind(true, ['webhook', 'in_app']), CHANNELS)).toEqual(['in_app', 'webhook']);
  expect(channelsOf(undefined, CHANNELS)).toEqual([...CHANNELS]);
  expect(lines('a, b\n\nc ')).toEqual(['a', 'b', 'c']);
});
