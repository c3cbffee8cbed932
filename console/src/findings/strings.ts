/** The English texts of findings: the list, one finding, its history and its form. */

import type { FindingStatus } from '../api/types';
import { count } from '../format/count';

export const statusNames: Record<FindingStatus, string> = {
  open: 'Open',
  in_progress: 'In progress',
  retest: 'Retest',
  closed: 'Closed',
  accepted_risk: 'Accepted risk',
  false_positive: 'False positive',
  duplicate: 'Duplicate',
};

/** What moving a finding there means, for the one who is about to. */
export const statusHints: Record<FindingStatus, string> = {
  open: 'Nobody is working on it yet.',
  in_progress: 'Someone is fixing it.',
  retest: 'Fixed; waiting to be verified.',
  closed: 'Fixed and verified. The SLA clock stops.',
  accepted_risk: 'Accepted; not going to be fixed for now. The SLA clock stops.',
  false_positive: 'Not a real finding. The SLA clock stops.',
  duplicate: 'Covered by another finding. The SLA clock stops.',
};

export const findingListTexts = {
  title: 'Findings',
  search: 'Search title, rule, location or CVE',
  severity: 'Severity',
  status: 'Status',
  active: 'Active',
  allStatuses: 'All statuses',
  anyone: 'Anyone',
  mine: 'Mine',
  unassignedOnly: 'Unassigned',
  deadline: 'Deadline',
  anyDeadline: 'Any deadline',
  deadlines: { breached: 'Breached', due_in_7_days: 'Due in 7 days' },
  project: 'Project',
  allProjects: 'All projects',
  scan: 'From one scan',
  target: 'From one target',
  tag: (tag: string) => `Tag: ${tag}`,
  sort: 'Order',
  sorts: {
    worst: 'Most severe first',
    newest: 'Newest first',
    due: 'Due soonest',
    changed: 'Recently updated',
  },
  clear: 'Clear filters',
  filters: (n: number) => (n === 0 ? 'Filters' : `Filters (${String(n)})`),
  removeFilter: (name: string) => `Remove filter: ${name}`,
  finding: 'Finding',
  assignees: 'Assigned to',
  sla: 'SLA',
  unassigned: 'Unassigned',
  noProject: 'No project',
  shown: (n: number, more: boolean) => (more ? `${String(n)}+ findings` : count(n, 'finding', 'findings')),
  end: 'End of list.',
  emptyTitle: 'No findings yet',
  emptyText: 'Import scan results, and findings appear here as they arrive.',
  noneTitle: 'No findings match',
  noneText: 'Remove a filter, or choose “All statuses”.',
  calmTitle: 'All clear',
  calmText: 'No open findings. Choose “All statuses” to see closed ones.',
} as const;

export const slaTexts = {
  left: (text: string) => `${text} left`,
  over: (text: string) => `${text} overdue`,
  breached: 'SLA breached',
  near: 'SLA due soon',
  none: 'No deadline',
  stopped: 'Clock stopped',
} as const;

export const findingTexts = {
  about: 'Description',
  location: 'Location',
  rule: 'Rule',
  tool: 'Tool',
  cwe: 'CWE',
  project: 'Project',
  company: 'Company',
  scan: 'Scan',
  openScan: 'Open the scan',
  created: 'First seen',
  seen: 'Last seen',
  updated: 'Updated',
  closed: 'Closed',
  deadline: 'SLA deadline',
  retest: 'Retest due',
  status: 'Status',
  move: 'Change status to',
  comment: 'Comment',
  commentHint: 'Optional. Included in the notification.',
  reason: 'Reason',
  reasonHint: 'Required. Included in the notification.',
  reasonNeeded: 'Enter a reason.',
  acceptHint: 'Accepting a risk requires approval. Request it below.',
  confirm: (status: string) => `Change status to ${status}`,
  assignees: 'Assigned to',
  assign: 'Assign',
  change: 'Change',
  assignMe: 'Assign to me',
  copied: 'Copied',
  copy: 'Copy location',
  details: 'Details',
} as const;

export const historyTexts = {
  title: 'History',
  to: 'to',
  byScan: 'By a scan',
  bySystem: 'Automatically',
  /** `rule`: `rule 2 (path src/**)`, in the server's words. */
  byRule: (rule: string) => `Assigned by ownership ${rule}`,
  nothing: 'none',
  fields: {
    project_id: 'Project',
    asset_id: 'Asset',
    title: 'Title',
    description: 'Description',
    severity: 'Severity',
    location: 'Location',
    rule_id: 'Rule',
    cwe: 'Weakness',
    tags: 'Tags',
    sla_due_at: 'Due',
    retest_due_at: 'Retest due',
    assignee_user_ids: 'Assignees',
    assignee_team_ids: 'Assigned teams',
    assigned_by_rule: 'Ownership rule',
  } as Record<string, string>,
} as const;

export const assignTexts = {
  title: 'Assign this finding',
  chosen: (n: number) => (n === 0 ? 'No one selected' : `${String(n)} selected`),
  hint: 'New assignees will be notified.',
  save: 'Assign',
} as const;

export const bulkTexts = {
  label: 'Selected findings',
  select: (title: string) => `Select: ${title}`,
  selected: (n: number) => `${String(n)} selected`,
  all: (n: number) => `Select all ${String(n)} shown`,
  clear: 'Clear selection',
  assign: (n: number) => (n === 1 ? 'Assign 1 finding' : `Assign ${String(n)} findings`),
  assignHint: 'This replaces the current assignees.',
  oneCompany: 'Select findings of one company to assign them together.',
  noStatus: 'No status available for all',
  reason: (n: number, status: string) =>
    `Change ${n === 1 ? '1 finding' : `${String(n)} findings`} to ${status}`,
  restored: 'Restored by Undo.',
  tooMany: 'You can change at most 1,000 findings at once.',
  moved: (n: number, status: string) =>
    `${n === 1 ? '1 finding' : `${String(n)} findings`} changed to ${status}.`,
  assigned: (n: number) => `${n === 1 ? '1 finding' : `${String(n)} findings`} assigned.`,
} as const;

export const findingFormTexts = {
  create: 'New finding',
  change: 'Edit finding',
  title: 'Title',
  titleNeeded: 'Enter a title.',
  severity: 'Severity',
  location: 'Location',
  locationHint: 'Where it is, such as a path and line or a URL.',
  cwe: 'CWE',
  cweHint: 'The weakness, such as CWE-79.',
  sla: 'SLA deadline',
  slaHint: 'Leave blank to use the SLA.',
  retest: 'Retest due',
} as const;

export const commentTexts = {
  title: 'History',
  nobody: 'nobody',
  write: 'Write a comment',
  send: 'Comment',
  hint: 'Ctrl+Enter sends. Assignees and commenters are notified.',
  edited: 'edited',
  edit: 'Edit',
  editOf: (name: string) => `Edit ${name}’s comment`,
  commented: 'commented',
  gone: 'Former user',
  rewrite: 'Comment',
} as const;

export const factTexts = {
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
  moreLocations: (n: number) => `and ${n.toLocaleString('en')} more not stored`,
  code: 'Code',
  references: 'References',
  statement: 'VEX statement of the scan report',
  statementHint: 'Proposed by the scan report; does not change the status.',
  gone: 'Not in the latest report since',
  related: 'A similar finding was already triaged.',
  relatedText: 'This one differs in code or version, so that decision does not apply to it.',
  openRelated: 'Open the similar finding',
  search: (name: string) => `Find all findings with ${name}`,
} as const;
