/** The English texts of the dashboard. */

export const dashboardTexts = {
  title: 'Dashboard',
  open: 'Open findings',
  openBy: 'Open findings by severity',
  breached: 'SLA breached',
  due: 'Due in 7 days',
  unassigned: 'Unassigned',
  running: 'Scans running',
  scheduled: (n: number) => (n === 0 ? 'none scheduled' : `${String(n)} scheduled`),
  waiting: 'Pending approvals',
  trend: 'Last 30 days',
  opened: 'New',
  closed: 'Closed',
  stillOpen: 'Open',
  day: 'Day',
  table: 'Show table',
  chart: 'Show chart',
  newest: 'Recent activity',
  nothingTitle: 'No activity yet',
  nothingText: 'Import scan results to see activity here.',
  by: (name: string) => `by ${name}`,
  summary: (from: number, to: number, opened: number, closed: number) =>
    `Open findings went from ${String(from)} to ${String(to)}: ${String(opened)} new, ${String(closed)} closed.`,
} as const;
