/** The English texts of what managers and administrators set: SLA, destinations, the audit log. */

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

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

export const p = {
  sla: {
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
  },

  destinations: {
    title: 'Destinations',
    hint: 'Every URL that messages are posted to, and the mail server, with their health. URLs are secret and shown masked.',
    on: 'On',
    failing: 'Failing',
    off: 'Turned off',
    closed: 'Cannot be decrypted',
    closedHint:
      'The secret key cannot decrypt this URL, so messages to it wait. Save the URL again or restore the key.',
    setAside: (count: number) =>
      count === 1
        ? '1 event or message is quarantined: this version of the server cannot read it.'
        : `${count} events or messages are quarantined: this version of the server cannot read them.`,
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
    rateHint: 'Over about the last 1,000 attempts',
    latency: 'Average latency',
    percent: (rate: number) => `${(rate * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%`,
    milliseconds: (ms: number) =>
      ms < 1000
        ? `${ms.toLocaleString('en')} ms`
        : `${(ms / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} s`,
    log: 'Deliveries',
    testTitle: 'Test',
    testHint: 'Sends one test message to the saved URL. A delivered test turns the destination on.',
    again: 'Resend failed messages',
    againTitle: 'Resend',
    againHint:
      'Resends messages that were rejected, failed, had an unknown outcome, or were canceled because the destination was turned off: oldest first, with the same IDs.',
    failedSince: 'Failed since',
    spans: [
      { label: 'Last hour', hours: 1 },
      { label: 'Last day', hours: 24 },
      { label: 'Last 7 days', hours: 168 },
      { label: 'Last 30 days', hours: 720 },
    ],
    switchOn: 'Turn the destination on',
    switchOnAll: 'Turn on destinations that are turned off',
    switchOnNeeded: 'It is turned off: nothing is sent there until it is turned on.',
    now: 'Send waiting messages now',
    nowHint: 'Sends messages now that are waiting for their next attempt.',
    sent: (n: number, more: boolean) =>
      n === 0
        ? 'There was nothing to send.'
        : `${count(n, 'message is', 'messages are')} being sent.${more ? ' There are more: run it again to send them.' : ''}`,
    wholeChannel: 'Resend for a channel',
    emptyTitle: 'No destinations yet',
    emptyText: 'URLs of rules, teams and personal chats appear here once they are saved.',
  },

  audit: {
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
  },
} as const;
