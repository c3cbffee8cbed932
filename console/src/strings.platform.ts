/** The English texts of what managers and administrators set: SLA, trying rules, destinations, the audit log. */

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

/** `session.refused` as `Sign-in refused`. */
const actions: Record<string, string> = {
  'session.started': 'Signed in',
  'session.refused': 'Sign-in refused',
  'session.ended': 'Signed out',
  'settings.changed': 'Changed settings of',
  'member.added': 'Gave a role to',
  'member.role_changed': 'Changed the role of',
  'member.removed': 'Took the role from',
  'webhook_secrets.rotated': 'Made new signing secrets for',
  'destination.switched_on': 'Switched on',
  'destination.redelivered': 'Sent again all that failed to',
  'delivery.redelivered': 'Sent again a message to',
  'import.undone': 'Undid the import',
  'target.retired': 'Retired the target',
};
const verbs: Record<string, string> = {
  created: 'Added',
  updated: 'Changed',
  deleted: 'Deleted',
  tested: 'Tested',
  exported: 'Exported',
};
const things: Record<string, string> = {
  user: 'person',
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

export const p = {
  sla: {
    title: 'SLA',
    hint: 'How long a finding may wait, by its severity, and when its people are warned.',
    company: 'Company',
    days: 'Days to the deadline',
    daysHint:
      'Counted from the day a finding is made. New days count for new findings and for those whose severity changes; deadlines that stand already stay.',
    daysOf: (severity: string) => `${severity}: days`,
    platformHint: (n: number) => `The platform’s default: ${days(n)}.`,
    own: (n: number) => (n === 0 ? 'No deadline for this company.' : 'Set for this company.'),
    zero: 'Leave a field empty for the platform’s default. 0 is no deadline.',
    badDays: 'A whole number from 0 to 3,650.',
    reset: 'Back to the defaults',
    saved: 'Saved.',
    warnings: 'Warnings',
    warningsHint:
      'Hours before a deadline at which the people of a finding are told. A change counts for findings that wait already.',
    hours: 'Hours before the deadline',
    hoursHint: 'Up to ten, divided by commas, such as 168, 72, 24, 4.',
    badHours: 'Up to ten different whole numbers from 1 to 2,160, divided by commas.',
    /** Hours in words, such as "7 days, 3 days and 4 hours". */
    steps: (hours: number[]) =>
      hours.length === 0
        ? 'no warning'
        : listed.format(
            hours.map((n) => (n % 24 === 0 ? count(n / 24, 'day', 'days') : count(n, 'hour', 'hours'))),
          ),
    choices: {
      platform: 'The platform’s default',
      own: 'Hours of our own',
      none: 'No warning',
    },
    noneTitle: 'No company to set this for',
    noneText: 'Managers of a company set its SLA.',
  },

  dry: {
    title: 'What would it have sent?',
    hint: 'Tries the rule as it stands here against what happened. Nothing is saved or sent.',
    days: 'Over the last',
    spans: (n: number) => `${String(n)} days`,
    run: 'Try it',
    result: (messages: number, events: number) =>
      `${count(messages, 'message', 'messages')} more than the present rules send, for ${count(events, 'event', 'events')} of this type.`,
    none: 'Nothing more than the present rules send.',
    chart: 'Messages a day',
    day: 'Day',
    messages: 'Messages',
    peak: (n: number) => `Most in a day: ${n.toLocaleString('en')}`,
    table: 'As a table',
    who: 'Who would have got them',
    truncated: 'There were more events than one try looks at: only the newest were counted.',
  },

  secrets: {
    title: 'Signing secrets',
    hint: 'Receivers check with these that a post is from here (Standard Webhooks).',
    show: 'Show the signing secrets',
    secret: (url: string) => `Signing secret of ${url}`,
    rotate: 'New secret',
    reallyRotate: 'Really make a new one?',
    previous: 'The secret before signs beside it until',
    drop: 'Replace at once, end the one before',
    format: 'Form of the body',
    formats: { standard: 'Campanile’s own', cloudevents: 'CloudEvents 1.0' },
  },

  destinations: {
    title: 'Destinations',
    hint: 'Every URL that messages are posted to, and how it does. URLs are secrets and shown masked.',
    on: 'On',
    off: 'Switched off',
    unwanted: 'Not in use',
    unwantedHint: 'Its rule or chat is switched off.',
    refusals: (n: number) => `${count(n, 'refusal', 'refusals')} in a row`,
    last: 'Last message',
    noLast: 'No message yet',
    usedBy: { url: 'Rule', team: 'Team', user: 'Personal chat' },
    openRule: 'Open the rules',
    testTitle: 'Test a destination',
    testHint:
      'The URL is stored as a secret and not shown again, so paste it here. A test that arrives switches the destination on.',
    url: 'URL',
    again: 'Send again',
    againTitle: 'Send again what did not arrive',
    againHint:
      'Sends again what was refused, failed, had an unknown outcome, or was cancelled because the destination was off: the oldest first, with the same ids.',
    since: 'What ended since',
    spans: [
      { label: 'The last hour', hours: 1 },
      { label: 'The last day', hours: 24 },
      { label: 'The last 7 days', hours: 168 },
      { label: 'The last 30 days', hours: 720 },
    ],
    switchOn: 'Switch the destination on',
    switchOnNeeded: 'It is switched off: nothing goes there until it is on.',
    sent: (n: number, more: boolean) =>
      n === 0
        ? 'Nothing was left to send.'
        : `${count(n, 'message is', 'messages are')} due now.${more ? ' There are more: send again for the next ones.' : ''}`,
    noDelivery: 'Nothing was sent there yet, so there is nothing to send again.',
    emptyTitle: 'No destinations yet',
    emptyText: 'URLs of rules, teams and personal chats appear here once they are saved.',
  },

  audit: {
    title: 'Audit log',
    hint: 'Who changed what, and when. Nothing in it is ever changed or removed. Secrets are masked.',
    actor: 'Who',
    anyone: 'Anyone',
    action: 'What',
    anything: 'Anything',
    company: 'Company',
    everyCompany: 'Every company',
    since: 'From',
    until: 'Until',
    clear: 'Clear filters',
    nobody: 'Someone not signed in',
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
    nothing: 'nothing',
    yes: 'yes',
    no: 'no',
    emptyTitle: 'Nothing is like that',
    emptyText: 'Take a filter away, or look at another time.',
  },
} as const;
