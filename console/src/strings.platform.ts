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
  'destination.redelivered': 'Resent failed messages to',
  'destination.sent_now': 'Sent waiting messages to',
  'delivery.redelivered': 'Resent a message to',
  'import.undone': 'Undid the import',
  'target.retired': 'Retired the target',
  'announcement.created': 'Announced',
  'announcement.withdrawn': 'Withdrew the announcement',
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

  destinations: {
    title: 'Destinations',
    hint: 'Every URL that messages are posted to, and the mail server, with their health. URLs are secrets and shown masked.',
    on: 'On',
    failing: 'Failing',
    off: 'Turned off',
    closed: 'Cannot be opened',
    closedHint:
      'The secret key does not open this URL. Messages to it wait. Save it again or put the key back.',
    setAside: (count: number) =>
      count === 1
        ? 'One event or message cannot be read by this version of the server and waits.'
        : `${count} events or messages cannot be read by this version of the server and wait.`,
    mail: 'Mail server',
    notSetUp: 'Not set up',
    notSetUpHint: 'Emails are only written to files.',
    code: (status: number) => `HTTP ${String(status)}`,
    delivered: (rate: number) =>
      `${(rate * 100).toLocaleString('en', { maximumFractionDigits: 1 })}% delivered`,
    untried: 'No attempts yet',
    unwanted: 'Unused',
    unwantedHint: 'Its rule or personal chat is turned off.',
    refusals: (n: number) => `${count(n, 'rejection', 'rejections')} in a row`,
    usedBy: { url: 'Rule', team: 'Team', user: 'Personal chat', platform: 'Platform' },
    openRule: 'Rules',
    openTeam: 'Teams',
    url: 'URL',
    owner: 'Owner',
    channel: 'Channel',
    state: 'State',
    since: 'since',
    status: 'Last status code',
    lastSuccess: 'Last success',
    never: 'Never',
    rate: 'Success rate',
    rateHint: 'Of about the last thousand attempts',
    latency: 'Average latency',
    percent: (rate: number) => `${(rate * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%`,
    milliseconds: (ms: number) =>
      ms < 1000
        ? `${ms.toLocaleString('en')} ms`
        : `${(ms / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} s`,
    log: 'Deliveries',
    testTitle: 'Test',
    testHint: 'Sends one test message to the saved URL. A test that is delivered turns the destination on.',
    again: 'Resend failed messages',
    againTitle: 'Resend',
    againHint:
      'Resends what was rejected, failed, had an unknown outcome, or was canceled because the destination was turned off: oldest first, with the same ids.',
    failedSince: 'Failed since',
    spans: [
      { label: 'The last hour', hours: 1 },
      { label: 'The last day', hours: 24 },
      { label: 'The last 7 days', hours: 168 },
      { label: 'The last 30 days', hours: 720 },
    ],
    switchOn: 'Turn the destination on',
    switchOnAll: 'Turn on destinations that are turned off',
    switchOnNeeded: 'It is turned off: nothing is sent there until it is on.',
    now: 'Send waiting messages now',
    nowHint: 'Messages that wait for their next attempt are sent without waiting any longer.',
    sent: (n: number, more: boolean) =>
      n === 0
        ? 'There was nothing to send.'
        : `${count(n, 'message is', 'messages are')} being sent.${more ? ' There are more: repeat for the next ones.' : ''}`,
    wholeChannel: 'Resend for a channel',
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
    emptyTitle: 'No matching entries',
    emptyText: 'Remove a filter, or choose another time.',
  },
} as const;
