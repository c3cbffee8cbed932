/** The English texts of importing scan results. */

import type { Severity } from '../api/types';
import { count } from '../format/count';

export const importTexts = {
  nothing: 'No findings yet.',
  button: 'Import results',
  counts: {
    read: 'read',
    created: 'new',
    updated: 'changed',
    reopened: 'reopened',
    closed: 'closed',
    unchanged: 'unchanged',
    skipped: 'skipped',
  },
  title: 'Import scan results',
  into: 'Project',
  choose: 'Choose a project',
  chooseFirst: 'Choose a project to preview the import.',
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
  nothingToChange: 'The import would make no changes.',
  doneButton: 'Done',
  wholeProject: 'Whole project',
  target: 'Target',
  setTarget: 'Set target',
  targetOf: (file: string) => `Set target of ${file}`,
  targetHint:
    'What the report covers, such as an image, a host or a branch. Leave blank to use the target named in the report. The import closes only findings from earlier reports of the same tool and target.',
  apply: 'Apply',
  tool: 'Tool',
  tools: (names: readonly string[]) => names.join(', '),
  whole: 'Complete report',
  notWhole: 'Incomplete: closes nothing',
  notWholeShort: 'Incomplete',
  reasons: 'Why it is incomplete',
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
    keepHint: 'The import closes no findings.',
    needed: 'Choose whether to close them.',
    newTab: '(opens in a new tab)',
  },
  table: {
    title: 'Match the columns',
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
    text: 'This removes the findings it created and restores the ones it closed, reopened or changed. Findings that people have worked on since then are left unchanged.',
    confirm: 'Undo',
    done: 'Import undone',
    at: 'Undone',
    counts: (counts: { removed: number; opened_again: number; closed_again: number; kept: number }) =>
      [
        counts.removed > 0 ? `${findings(counts.removed)} removed` : '',
        counts.opened_again > 0 ? `${String(counts.opened_again)} reopened` : '',
        counts.closed_again > 0 ? `${String(counts.closed_again)} closed again` : '',
        counts.kept > 0 ? `${String(counts.kept)} kept, because people have worked on them since then` : '',
      ]
        .filter(Boolean)
        .join(', ') || 'No findings were changed',
  },
  report: {
    title: 'Scan report',
    targets: 'Targets',
    older: 'Older report: only findings not already listed were added',
    undone: 'This import was undone. What it changed has been restored.',
  },
} as const;

const findings = (n: number) => count(n, 'finding', 'findings');

/** The severities that a table may need numbers for, named as in `columns=`. */
export const valueNames: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'informational'];
