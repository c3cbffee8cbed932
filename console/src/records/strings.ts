/** The English texts of projects, assets, agreements and reports. */

import type { ReportFormat, ReportStatus } from '../api/records';
import { count } from '../format/count';

export const projectTexts = {
  title: 'Projects',
  create: 'New project',
  name: 'Name',
  description: 'Description',
  company: 'Company',
  button: 'Create project',
  emptyTitle: 'No projects yet',
  emptyText: 'Projects group findings by application or engagement.',
  emptyViewer: 'Ask a manager of your company to create one.',
  findings: 'Findings',
  noDates: 'No dates',
  range: (from: string, to: string) => `${from} – ${to}`,
  from: (from: string) => `From ${from}`,
  until: (to: string) => `Until ${to}`,
  change: 'Edit project',
  search: 'Search name or description',
} as const;

export const reportStatusNames: Record<ReportStatus, string> = {
  pending: 'Queued',
  running: 'Generating',
  ready: 'Ready',
  failed: 'Failed',
  expired: 'Expired',
};

export const formatNames: Record<ReportFormat, string> = { html: 'HTML', csv: 'CSV', json: 'JSON' };

export const formatHints: Record<ReportFormat, string> = {
  html: 'For reading and printing.',
  csv: 'For spreadsheets.',
  json: 'For other programs.',
};

export const assetTexts = {
  title: 'Assets',
  one: 'Asset',
  create: 'New asset',
  change: 'Edit asset',
  search: 'Search name or address',
  critical: (name: string) => `Criticality: ${name.toLowerCase()}`,
  findings: 'Findings',
  noFindings: 'No findings for this asset.',
  emptyTitle: 'No assets yet',
  emptyText: 'Assets are what findings are about: applications, hosts, repositories.',
  emptyViewer: 'The applications, hosts and repositories that findings are about appear here.',
} as const;

export const agreementTexts = {
  title: 'Agreements',
  one: 'Agreement',
  create: 'New agreement',
  change: 'Edit agreement',
  search: 'Search name or reference',
  hoursUsed: 'Hours used',
  noHours: 'No contracted hours',
  used: (used: number, hours: number) =>
    `${used.toLocaleString('en')} of ${count(hours, 'hour', 'hours')} used`,
  usedOnly: (used: number) => `${count(used, 'hour', 'hours')} used`,
  over: (hours: number) => `${count(hours, 'hour', 'hours')} over`,
  left: (hours: number) => `${count(hours, 'hour', 'hours')} left`,
  lastToday: 'Ends today',
  daysLeft: (days: number) => `${count(days, 'day', 'days')} left`,
  ended: (days: number) => `Expired ${count(days, 'day', 'days')} ago`,
  sorts: { ends: 'Ending soonest', newest: 'Newest first', changed: 'Recently updated' },
  emptyTitle: 'No agreements yet',
  emptyText:
    'Framework agreements have a last day and contracted hours. You are notified before they expire.',
  emptyViewer: 'Framework agreements appear here with their last day and hours.',
} as const;

export const reportTexts = {
  title: 'Reports',
  one: 'Report',
  create: 'New report',
  make: 'Create report',
  rename: 'Rename',
  renameTitle: 'Rename report',
  search: 'Search by name',
  format: 'Format',
  anyFormat: 'Any format',
  nameHint: 'Optional. Defaults to the project or company name.',
  wholeCompany: 'Whole company',
  contents: 'Contents',
  severities: 'Severities',
  statuses: 'Statuses',
  choose: 'Leave blank for all findings.',
  download: 'Download',
  downloadOf: (name: string) => `Download ${name}`,
  being: 'This report is being generated. It will appear here automatically.',
  findings: (n: number) => count(n, 'finding', 'findings'),
  size: 'Size',
  bytes: (bytes: number) =>
    bytes < 1024
      ? count(bytes, 'byte', 'bytes')
      : bytes < 1024 * 1024
        ? `${(bytes / 1024).toFixed(1)} KB`
        : `${(bytes / 1024 / 1024).toFixed(1)} MB`,
  by: 'Requested by',
  made: 'Created',
  isReady: (name: string) => `${name} is ready.`,
  hasFailed: (name: string) => `${name} could not be created.`,
  justNow: 'Just now',
  emptyTitle: 'No reports yet',
  emptyText: 'A report contains the current findings of a company or project.',
  emptyViewer: 'Reports requested by analysts appear here to download.',
} as const;
