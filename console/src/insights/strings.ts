/** The English texts of the time to know: the page and the dashboard tile. */

import { count } from '../format/count';

export const insightTexts = {
  title: 'Time to know',
  hint: 'How long it takes until the first recipient of an event reads it.',
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
  reachedNobodyHint: 'Critical and urgent events that nobody was notified of.',
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
  notRead: 'Opening an email or chat message does not count, nor does reading with an API token.',
  onlyRead: 'Medians and percentiles cover events that were read; all others count as unread.',
  announced: (hours: number) =>
    `Managers are notified of critical and urgent events that nobody has read after ${count(hours, 'hour', 'hours')}, and immediately of those that reached nobody.`,
  emptyTitle: 'Nothing to measure yet',
  emptyText: 'Nobody was notified of an event in this period. Choose a longer period.',
  forbiddenTitle: 'Managers only',
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
