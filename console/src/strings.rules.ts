/** The English texts of notification rules: what they send, to whom, and previews. */

import type { Batch, ChatTemplate, WebhookFormat } from './api/settings';
import type { Role } from './api/types';

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

export const templateNames: Record<ChatTemplate, string> = {
  mattermost: 'Mattermost',
  google_chat: 'Google Chat',
  discord: 'Discord',
  ntfy: 'ntfy',
};

const roles: Record<Role, string> = { manager: 'managers', analyst: 'analysts', viewer: 'viewers' };

export const rules = {
  title: 'Rules',
  hint: 'A rule turns a channel on for a type of event: for the people responsible, and for the recipients it names. Personal opt-outs always win. Findings of imports and bulk changes count as any other.',
  create: 'New rule',
  change: 'Edit rule',
  event: 'Event',
  chooseEvent: 'Choose an event',
  eventNeeded: 'Choose an event.',
  channel: 'Channel',
  severity: 'Minimum severity',
  any: 'Any severity',
  noSeverity: 'Events of this type have no severity and pass every threshold.',
  company: 'Company',
  everyCompany: 'All companies',
  platformWide: 'Platform-wide',
  readOnly: 'Administrators change platform-wide rules.',
  ofCompany: (name: string) => `Rules of ${name}`,

  recipients: 'Additional recipients',
  recipientsHint: 'Notified in addition to the people responsible: assignees, then owners, then managers.',
  roles: 'Everyone in the company who is',
  roleNames: { manager: 'Manager', analyst: 'Analyst', viewer: 'Viewer' } as Record<Role, string>,
  owners: 'Owners of the project or asset',
  followers: 'Followers of the finding or project',
  people: 'People and teams',
  teamChats: 'Channels of teams',
  ownerTeams: 'Channels of teams that own the project or asset',
  emails: 'Addresses',
  emailsHint: 'One per line. Also emailed, in addition to the people above.',
  urls: 'URLs',
  urlsHint: 'One per line. Masked URLs (…) are already saved and won’t change.',
  urlsNeeded: 'Enter at least one URL.',
  whereNeeded: 'Select a team or enter a URL.',
  managerHint:
    'You can name the people, teams and roles of your company, and the addresses and hosts the operator allows.',

  filters: 'Filters',
  filtersSet: (n: number) => (n === 0 ? 'Filters' : `Filters (${String(n)})`),
  filtersHint: 'Leave blank for every event. An event must match every filter you set.',
  projects: 'Projects',
  assets: 'Assets',
  ofOneCompany: 'Choose a company to filter by project or asset.',
  tags: 'Tags',
  tools: 'Tools',
  separated: 'Separated by commas. Any of them matches.',
  statuses: 'Status',
  noProjects: 'No projects',
  noAssets: 'No assets',

  batch: 'Imports',
  batches: {
    import: 'One post per import',
    event: 'One post per finding',
  } as Record<Batch, string>,
  template: 'Chat service',
  format: 'Payload format',
  formats: { standard: 'Campanile', cloudevents: 'CloudEvents 1.0' } as Record<WebhookFormat, string>,
  enabled: 'On',
  switchOn: (name: string) => `Turn on: ${name}`,
  disabled: (reason: string) => `Turned off: ${reason}`,
  emptyTitle: 'No rules',
  emptyText: 'Without rules, only the channels of assigned teams are notified.',

  /** The recipients of a rule, in one line. */
  responsible: 'People responsible',
  users: (n: number) => count(n, 'person', 'people'),
  teams: (n: number) => count(n, 'team', 'teams'),
  addresses: (n: number) => count(n, 'address', 'addresses'),
  urlCount: (n: number) => count(n, 'URL', 'URLs'),
  role: (role: Role) => roles[role],
  ownersShort: 'owners',
  followersShort: 'followers',
  filtered: (n: number) => count(n, 'filter', 'filters'),
  eachEvent: 'one post per finding',

  dry: {
    title: 'Preview with past events',
    hint: 'Runs this rule against past events. Nothing is saved or sent.',
    days: 'Over the last',
    spans: (n: number) => `${String(n)} days`,
    run: 'Preview',
    result: (messages: number, events: number) =>
      `${count(messages, 'additional message', 'additional messages')} compared with current rules, for ${count(events, 'event', 'events')} of this type.`,
    none: 'No additional messages compared with current rules.',
    chart: 'Messages per day',
    day: 'Day',
    messages: 'Messages',
    peak: (n: number) => `Most in a day: ${n.toLocaleString('en')}`,
    table: 'Show table',
    who: 'Recipients',
    notSent: 'Not sent',
    details: 'Result of the preview',
    close: 'Close the preview',
    truncated: 'There were too many events to check all of them: only the newest were counted.',
  },

  secrets: {
    title: 'Signing secrets',
    hint: 'Receivers use these to verify that a post comes from this server (Standard Webhooks).',
    show: 'Show signing secrets',
    secret: (url: string) => `Signing secret of ${url}`,
    rotate: 'New secret',
    reallyRotate: 'Create a new secret?',
    previous: 'Old secret also valid until',
    drop: 'Revoke the old secret now',
  },
} as const;
