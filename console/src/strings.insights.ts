/** The English texts of the time to know: the page and the tile of the dashboard. */

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

export const k = {
  title: 'Time to know',
  hint: 'How long it takes from an event until the first of the people notified has read it.',
  period: 'Period',
  days: (n: number) => (n === 365 ? '1 year' : `${String(n)} days`),
  median: 'Median',
  p90: '90th percentile',
  p90Hint: '9 of 10 events were read within this time.',
  medianHint: 'Half of the events were read within this time.',
  events: 'Events',
  unread: 'Unread',
  unreadHint: 'Nobody has read them yet.',
  reachedNobody: 'Reached nobody',
  reachedNobodyHint: 'Critical and urgent events of which nobody was notified.',
  ofThem: (n: number) => `${n.toLocaleString('en')} reached nobody`,
  bySeverity: 'By severity',
  byTeam: 'By team',
  severity: 'Severity',
  team: 'Team',
  noSeverity: 'No severity',
  noSeverityHint: 'Scans, reports, approvals and the like',
  noTeams: 'No team was responsible for an event or notified of one.',
  moreTeams: (n: number) => `and ${count(n, 'other team', 'other teams')}`,
  nothingRead: 'Nothing read yet',
  counts: 'What counts as read',
  read: [
    'The notification is marked read in the inbox, also by “Mark all read”.',
    'Someone notified opens the record in the console.',
    'Someone notified comments on it, changes its status or assigns it.',
  ],
  notRead:
    'An email or chat message that was opened does not count, nor does a program that reads with an API token.',
  onlyRead: 'Medians and percentiles are of the events that were read; the others are counted as unread.',
  announced: (hours: number) =>
    `Critical and urgent events that nobody has read after ${count(hours, 'hour', 'hours')} are announced to the managers, those that reached nobody at once.`,
  emptyTitle: 'Nothing to measure yet',
  emptyText: 'In this period no event notified anyone. Choose a longer period.',
  forbiddenTitle: 'For managers',
  forbiddenText: 'Choose a company that you manage, or all companies.',

  tile: {
    /** `critical, median`. */
    of: (severity: string) => `${severity.toLowerCase()}, median`,
    also: (severity: string, time: string) => `${severity.toLowerCase()} ${time}`,
    unread: (n: number) => `${n.toLocaleString('en')}\u00a0unread`,
    none: 'no critical or urgent events',
    noneRead: 'none read',
  },
} as const;
