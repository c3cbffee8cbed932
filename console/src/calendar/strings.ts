/** The English texts of the calendar and its feeds. */

import type { CalendarKind } from '../api/types';
import { statusNames } from '../findings/strings';
import { count } from '../format/count';
import { agreementStatusNames } from '../records/agreement.strings';
import { projectStatusNames } from '../records/project.strings';
import { scanStatusNames } from '../scans/strings';

export const kindNames: Record<CalendarKind, string> = {
  sla_due: 'SLA deadline',
  retest_due: 'Retest due',
  scan: 'Scan',
  project_start: 'Project starts',
  project_end: 'Project ends',
  agreement_expiry: 'Agreement expires',
  acceptance_end: 'Risk acceptance expires',
};

/** A status of the calendar, which is of a finding, a scan, a project or an agreement. */
export function anyStatusName(status: string): string {
  const names: Record<string, string> = {
    approved: 'Approved',
    unapproved: 'Without approval',
    ...agreementStatusNames,
    ...projectStatusNames,
    ...scanStatusNames,
    ...statusNames,
  };
  return names[status] ?? status;
}

export const calendarTexts = {
  title: 'Calendar',
  month: 'Month',
  week: 'Week',
  agenda: 'Agenda',
  view: 'View',
  today: 'Today',
  previous: 'Previous month',
  next: 'Next month',
  previousWeek: 'Previous week',
  nextWeek: 'Next week',
  allDay: 'All day',
  nothing: 'Nothing scheduled',
  mine: 'Mine only',
  mineHint: 'Deadlines of findings assigned to you',
  weekdays: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  weekdaysLong: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  emptyTitle: 'Nothing this month',
  emptyText: 'SLA deadlines, retests, scans, project dates and agreement expirations appear here.',
  emptyMine: 'Nothing assigned to you is due this month.',
  showMore: (left: number, n: number, day: string) =>
    `+${String(left)} more: all ${count(n, 'item', 'items')} on ${day}`,
  showAll: (n: number, day: string) => `All ${count(n, 'item', 'items')} on ${day}`,
  open: {
    finding: 'Open the finding',
    scan: 'Open the scan',
    project: 'Open the project',
    agreement: 'Open the agreement',
    asset: 'Open the asset',
    report: 'Open the report',
    approval: 'Open the approval',
  } as Record<string, string>,
  kind: 'Kind',
  status: 'Status',
  severity: 'Severity',
  company: 'Company',
  project: 'Project',
  until: 'Until',
  legend: 'Kinds',
} as const;

export const feedTexts = {
  open: 'Subscribe',
  title: 'Subscribe to the calendar',
  hint: 'A URL that Google Calendar, Outlook, Apple Calendar or Thunderbird checks for updates. It always reflects your current access.',
  name: 'Name',
  namePlaceholder: 'Campanile',
  company: 'Company',
  everyCompany: 'All my companies',
  mine: 'Only deadlines of findings assigned to me',
  alarm: 'Reminder',
  alarms: [
    { label: 'None', minutes: [] },
    { label: '1 hour before', minutes: [60] },
    { label: '1 day before', minutes: [1440] },
    { label: '1 day and 1 hour before', minutes: [60, 1440] },
  ],
  make: 'Create feed',
  made: 'Copy this URL now: it is not shown again. Anyone who has it can read the feed until you revoke it.',
  where:
    'In Google Calendar: Other calendars, From URL. In Outlook: Add calendar, Subscribe from web. In Apple Calendar: New Calendar Subscription. In Thunderbird: New Calendar, On the Network.',
  address: 'Feed URL',
  copy: 'Copy',
  copied: 'Copied',
  yours: 'Your feeds',
  none: 'You have no feeds yet.',
  unnamed: 'Campanile',
  ofMine: 'Assigned to me',
  everything: 'Everything I can see',
  created: 'Created',
  used: 'Last used',
  never: 'not used yet',
  revoke: 'Revoke',
  reallyRevoke: 'Revoke? Click again',
  revokeOf: (name: string) => `Revoke the feed ${name}`,
} as const;
