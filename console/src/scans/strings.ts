/** The English texts of scans and of their targets. */

import type { ScanStatus } from '../api/types';
import { count } from '../format/count';

export const scanStatusNames: Record<ScanStatus, string> = {
  scheduled: 'Scheduled',
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
};

export const scanTexts = {
  title: 'Scans',
  emptyTitle: 'No scans yet',
  emptyText: 'Drop a scan report here, or choose a file.',
  drop: 'Drop the scan report to import it',
  findings: 'View findings',
  inList: 'All findings, including closed',
  noTool: 'Unknown tool',
  started: 'Started',
  took: 'Took',
  running: 'Reading the scan report',
} as const;

export const scanFormTexts = {
  create: 'Schedule scan',
  change: 'Edit scan',
  search: 'Search name or tool',
  tool: 'Tool',
  when: 'Starts at',
  whenNeeded: 'Enter a start time.',
  start: 'Start now',
  complete: 'Mark completed',
  fail: 'Mark failed',
  why: 'What went wrong',
  whyHint: 'Optional. Shown on the scan.',
  noneTitle: 'No scans match',
} as const;

export const targetTexts = {
  title: 'Targets',
  open: (n: number) => (n === 0 ? 'No open findings' : `${n.toLocaleString('en')} open`),
  last: 'Last report',
  noReport: 'No report',
  stale: 'Stale',
  staleHint: 'No report for 30 days',
  retired: 'Retired',
  retire: 'Retire',
  retireOf: (name: string) => `Retire ${name}`,
  retireTitle: 'Retire this target?',
  retireText: (name: string, open: number) =>
    open === 0
      ? `${name} is no longer scanned. A new scan report makes it active again.`
      : `${name} is no longer scanned: ${open === 1 ? 'its open finding is closed' : `its ${open.toLocaleString('en')} open findings are closed`}. A new scan report makes it active again.`,
  comment: 'Comment',
  commentMissing: 'Enter why the target is being retired.',
  commentHint: 'Saved in the history of its findings and in the audit log.',
  done: (name: string, closed: number) =>
    closed === 0
      ? `${name} is retired.`
      : `${name} is retired. ${count(closed, 'finding', 'findings')} closed.`,
  sorts: [
    ['', 'Newest first'],
    ['last_report_at', 'Oldest report first'],
    ['-last_report_at', 'Latest report first'],
  ] as const,
  order: 'Order',
  emptyTitle: 'No targets yet',
  emptyText:
    'A target is what a scan report covers, such as an image, a host or a branch. Import scan results and their targets appear here. A report closes only findings of its own target.',
  noneTitle: 'No matches',
  noneText: 'No targets in this project. Import scan results into it, or choose another project.',
} as const;
