/** The English texts of the dashboard. */

const events: Record<string, string> = {
  'finding.created': 'Found',
  'finding.updated': 'Changed',
  'finding.assigned': 'Assigned',
  'finding.status_changed': 'Moved on',
  'finding.reopened': 'Reopened',
  'finding.severity_changed': 'Severity changed',
  'finding.commented': 'Commented',
  'finding.unread': 'Nobody read it',
  'finding.deleted': 'Deleted',
  'sla.warning': 'SLA due soon',
  'sla.breached': 'SLA breached',
  'sla.escalated': 'SLA escalated',
  'retest.due': 'Retest due',
  'scan.scheduled': 'Scheduled',
  'scan.started': 'Scan started',
  'scan.completed': 'Scan completed',
  'scan.failed': 'Scan failed',
  'report.requested': 'Report asked for',
  'report.ready': 'Report ready',
  'report.failed': 'Report failed',
  'agreement.expiring': 'Expires soon',
  'approval.requested': 'Approval asked for',
  'approval.decided': 'Approval decided',
  'approval.expired': 'Approval expired',
  'approval.expiring': 'Risk acceptance expiring',
  'approval.outgrown': 'Worse than accepted',
};
const ends: Record<string, string> = { created: 'Added', updated: 'Changed', deleted: 'Deleted' };

/** What an event says, in a word or two. */
export function eventName(type: string): string {
  return events[type] ?? ends[type.split('.').at(-1) ?? ''] ?? type;
}

export const d = {
  title: 'Dashboard',
  open: 'Open findings',
  openBy: 'Open findings by severity',
  breached: 'SLA breached',
  due: 'Due in 7 days',
  unassigned: 'Unassigned',
  running: 'Scans running',
  scheduled: (n: number) => (n === 0 ? 'none scheduled' : `${String(n)} scheduled`),
  waiting: 'Approvals waiting',
  trend: 'The last 30 days',
  opened: 'New',
  closed: 'Closed',
  stillOpen: 'Open',
  day: 'Day',
  table: 'As a table',
  chart: 'As a chart',
  newest: 'Newest events',
  nothingTitle: 'Nothing has happened yet',
  nothingText: 'Import a report, and what it brings appears here.',
  by: (name: string) => `by ${name}`,
  summary: (from: number, to: number, opened: number, closed: number) =>
    `From ${String(from)} to ${String(to)} open findings: ${String(opened)} new, ${String(closed)} closed.`,
} as const;
