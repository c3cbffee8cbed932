/** The English texts of importing scan results, of targets, and of what a report says about a finding. */

import type { Severity } from './api/types';

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
const findings = (n: number) => count(n, 'finding', 'findings');

export const m = {
  title: 'Import scan results',
  into: 'Project',
  choose: 'Choose a project',
  chooseFirst: 'Choose a project to see what the import would change.',
  pick: 'Choose files',
  pickAnother: 'Add files',
  dropHere: 'Drop scan reports here',
  or: 'or',
  formats: (titles: readonly string[]) =>
    `${titles.join(', ')}${titles.length > 0 ? '; ' : ''}optionally gzipped, up to 200 MB each`,
  start: (n: number) => (n <= 1 ? 'Import' : `Import ${String(n)} files`),
  remove: (name: string) => `Remove ${name}`,
  stages: {
    waiting: 'Waiting',
    checking: 'Checking',
    mapping: 'Columns needed',
    ready: 'Ready to import',
    reading: 'Importing',
    done: 'Imported',
    failed: 'Not imported',
    undone: 'Import undone',
  },
  sending: (percent: number) => `Uploading ${String(percent)}%`,
  failedTitle: 'This scan report was not imported',
  failedNote: 'No changes were made.',
  noProject: 'There is no project to import into yet.',
  createProject: 'Create a project',
  open: 'Open the scan',
  see: 'View findings',
  skipped: (n: number) => `${count(n, 'result', 'results')} skipped`,
  skippedUnlisted: (n: number) => `${count(n, 'more was', 'more were')} skipped for similar reasons.`,
  moreOf: (n: number) => `and ${n.toLocaleString('en')} more`,
  unchanged: 'No changes since the last report.',
  nothingToChange: 'This would change nothing.',
  doneButton: 'Done',
  wholeProject: 'Whole project',
  target: 'Target',
  setTarget: 'Set target',
  targetOf: (file: string) => `Set target of ${file}`,
  targetHint:
    'What the report covers, such as an image, a host or a branch. Leave it empty to use what the report names. It closes only what earlier reports of the same tool and target found.',
  apply: 'Apply',
  tool: 'Tool',
  tools: (names: readonly string[]) => names.join(', '),
  whole: 'Whole report',
  notWhole: 'Not whole: it closes nothing',
  notWholeShort: 'Not whole',
  reasons: 'Why it is not whole',
  notes: 'Note',
  changes: {
    created: 'New',
    reopened: 'Reopened',
    worse: 'More severe',
    closing: 'Not in this report',
    closed: 'Closed',
  },
  bySeverity: 'Findings by severity',

  closing: {
    ask: (n: number) =>
      n === 1
        ? '1 finding is not in this report: close it?'
        : `${n.toLocaleString('en')} findings are not in this report: close them?`,
    close: 'Close',
    closeHint: 'Fixed or removed. They reopen if a later report contains them.',
    keep: 'Keep open',
    keepHint: 'This import closes nothing.',
    needed: 'Choose whether to close them.',
    newTab: '(opens in a new tab)',
  },

  table: {
    title: 'Which column is which?',
    hint: 'A title and a severity (or a CVSS score) are required.',
    rows: 'First rows of the table',
    column: (name: string) => `Column ${name}`,
    unused: 'Not used',
    encoding: 'Encoding',
    encodings: [
      ['', 'UTF-8 or UTF-16'],
      ['windows-1252', 'Windows-1252'],
    ] as const,
    values: 'What the numbers mean',
    valuesHint: 'Enter the number this table uses for each severity.',
    apply: 'Preview',
    change: 'Change columns',
  },

  undo: {
    button: 'Undo import',
    title: 'Undo this import?',
    text: 'This removes the findings it created and restores the ones it closed, reopened or changed. Findings people have worked on since are kept as they are.',
    confirm: 'Undo',
    done: 'Import undone',
    at: 'Undone',
    counts: (counts: { removed: number; opened_again: number; closed_again: number; kept: number }) =>
      [
        counts.removed > 0 ? `${findings(counts.removed)} removed` : '',
        counts.opened_again > 0 ? `${String(counts.opened_again)} opened again` : '',
        counts.closed_again > 0 ? `${String(counts.closed_again)} closed again` : '',
        counts.kept > 0 ? `${String(counts.kept)} kept, because people have worked on them since` : '',
      ]
        .filter(Boolean)
        .join(', ') || 'No findings had to be changed',
  },

  report: {
    title: 'Scan report',
    targets: 'Targets',
    older: 'An older report: only findings not yet on the list were added',
    undone: 'This import was undone. What it changed has been restored.',
  },
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
      ? `${name} is no longer scanned. A new report of it takes it up again.`
      : `${name} is no longer scanned: ${open === 1 ? 'its open finding is closed' : `its ${open.toLocaleString('en')} open findings are closed`}. A new report of it takes it up again.`,
  comment: 'Comment',
  commentMissing: 'Enter why the target is retired.',
  commentHint: 'Kept in the history of the findings and in the audit log.',
  done: (name: string, closed: number) =>
    closed === 0 ? `${name} is retired.` : `${name} is retired. ${findings(closed)} closed.`,
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

export const facts = {
  title: 'Facts',
  identifiers: 'Identifiers',
  weaknesses: 'Weaknesses',
  cvss: 'CVSS',
  cvssVersion: (version: string) => `CVSS ${version}`,
  component: 'Component',
  fixed: 'Fixed in',
  purl: 'Package URL',
  target: 'Target',
  tool: 'Tool',
  rule: 'Rule',
  foundAt: 'Found by the scanner',
  locations: 'Locations',
  showAll: (n: number) => `Show all ${n.toLocaleString('en')}`,
  moreLocations: (n: number) => `and ${n.toLocaleString('en')} more that are not stored`,
  code: 'Code',
  references: 'References',
  statement: 'The report’s VEX statement',
  statementHint: 'A proposal of the report. It does not change the status.',
  gone: 'Not in the latest report since',
  related: 'A similar finding was already judged.',
  relatedText: 'This one differs in its code or version, so that verdict does not cover it.',
  openRelated: 'Open the judged finding',
  search: (name: string) => `Find all findings with ${name}`,
} as const;

/** The severities whose numbers a table may need, as `columns=` names them. */
export const valueNames: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'informational'];
