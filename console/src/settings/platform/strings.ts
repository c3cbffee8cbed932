/** The English texts of what applies to a company or the platform: SLA, announcements, nodes, the audit log. */

import { count } from '../../format/count';

export const announcementTexts = {
  title: 'Announcements',
  hint: 'Shown above every page to everyone at once, in the inbox, and sent by email.',
  create: 'New announcement',
  subject: 'Title',
  subjectNeeded: 'Enter a title.',
  text: 'Text',
  textNeeded: 'Enter some text.',
  until: 'Show until',
  untilHint: 'Leave blank to show it until it is withdrawn.',
  send: 'Announce to everyone',
  sent: 'Announced.',
  current: 'Current announcements',
  none: 'No current announcements.',
  withdraw: 'Withdraw',
  reallyWithdraw: 'Withdraw? Click again',
  withdrawOf: (title: string) => `Withdraw: ${title}`,
  untilShown: 'until',
} as const;

export const nodeTexts = {
  title: 'Nodes',
  hint: 'The servers on this database. One that stops leaves the list.',
  current: '(answers you now)',
  version: (version: string) => `Version ${version}`,
  since: 'started',
  alive: 'Running',
  lost: 'Not responding',
  seen: 'last seen',
} as const;

/** `session.refused` as `Sign-in refused`. */
const actions: Record<string, string> = {
  'session.started': 'Signed in',
  'session.refused': 'Sign-in refused',
  'session.ended': 'Signed out',
  'settings.changed': 'Changed settings of',
  'member.added': 'Added member',
  'member.role_changed': 'Changed the role of',
  'member.removed': 'Removed member',
  'webhook_secrets.rotated': 'Rotated the signing secrets of',
  'destination.switched_on': 'Turned on destination',
  'destination.redelivered': 'Resent failed messages to',
  'destination.sent_now': 'Sent waiting messages to',
  'delivery.redelivered': 'Resent a message to',
  'import.undone': 'Undid the import',
  'target.retired': 'Retired the target',
  'announcement.created': 'Created the announcement',
  'announcement.withdrawn': 'Withdrew the announcement',
};

const verbs: Record<string, string> = {
  created: 'Created',
  updated: 'Updated',
  deleted: 'Deleted',
  tested: 'Tested',
  exported: 'Exported',
};

const things: Record<string, string> = {
  user: 'user',
  feed: 'calendar feed',
  chat: 'chats',
  token: 'API token',
};

export function actionName(action: string): string {
  const [thing = '', verb = ''] = action.split('.');
  const known = actions[action];
  if (known) return known;
  return `${verbs[verb] ?? verb} ${things[thing] ?? thing.replaceAll('_', ' ')}`;
}

const listed = new Intl.ListFormat('en', { type: 'conjunction' });

const days = (n: number): string => (n === 0 ? 'no deadline' : count(n, 'day', 'days'));

export const slaTexts = {
  title: 'SLA',
  hint: 'How long findings of each severity may stay open, and when the people responsible are warned.',
  company: 'Company',
  days: 'Days until the deadline',
  daysHint:
    'Counted from the day a finding is created. Changes apply to new findings and to findings whose severity changes; existing deadlines don’t change.',
  daysOf: (severity: string) => `${severity}: days`,
  platformHint: (n: number) => `Platform default: ${days(n)}.`,
  own: (n: number) => (n === 0 ? 'No deadline for this company.' : 'Set for this company.'),
  zero: 'Leave a field blank for the platform default. 0 means no deadline.',
  badDays: 'Enter a whole number from 0 to 3,650.',
  reset: 'Reset to defaults',
  saved: 'Saved.',
  warnings: 'Warnings',
  warningsHint:
    'Hours before a deadline at which the people responsible are notified. Changes also apply to findings that are already open.',
  hours: 'Hours before the deadline',
  hoursHint: 'Up to ten, separated by commas, such as 168, 72, 24, 4.',
  badHours: 'Enter up to ten different whole numbers from 1 to 2,160, separated by commas.',
  /** Hours in words, such as "7 days, 3 days and 4 hours". */
  steps: (hours: number[]) =>
    hours.length === 0
      ? 'no warning'
      : listed.format(
          hours.map((n) => (n % 24 === 0 ? count(n / 24, 'day', 'days') : count(n, 'hour', 'hours'))),
        ),
  choices: {
    platform: 'Platform default',
    own: 'Custom',
    none: 'No warning',
  },
  noneTitle: 'No company to manage',
  noneText: 'Managers of a company set its SLA.',
} as const;

export const auditTexts = {
  title: 'Audit log',
  hint: 'Who changed what, and when. Entries are never changed or removed. Secrets are masked.',
  actor: 'Who',
  anyone: 'Anyone',
  action: 'What',
  anything: 'Anything',
  company: 'Company',
  everyCompany: 'All companies',
  since: 'From',
  until: 'Until',
  clear: 'Clear filters',
  nobody: 'Not signed in',
  from: (address: string) => `from ${address}`,
  credentials: {
    session: 'in a session',
    token: 'with an API token',
    command_line: 'on the command line',
  } as Record<string, string>,
  changes: 'What changed',
  field: 'Field',
  before: 'Before',
  after: 'After',
  nothing: 'none',
  yes: 'yes',
  no: 'no',
  emptyTitle: 'No matching entries',
  emptyText: 'Remove a filter, or choose another period.',
} as const;
