/** The English texts of assets, agreements, approvals and reports, and of editing records. */

import type {
  Approval,
  ApprovalStatus,
  AssetKind,
  AssetStatus,
  Criticality,
  ReportFormat,
  ReportStatus,
} from './api/records';

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

export const assetKindNames: Record<AssetKind, string> = {
  application: 'Application',
  repository: 'Repository',
  host: 'Host',
  domain: 'Domain',
  network: 'Network',
  cloud: 'Cloud',
  image: 'Image',
  other: 'Other',
};

export const assetStatusNames: Record<AssetStatus, string> = { active: 'In use', retired: 'Retired' };

export const criticalityNames: Record<Criticality, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
};

export const approvalStatusNames: Record<ApprovalStatus, string> = {
  requested: 'Requested',
  approved: 'Approved',
  rejected: 'Rejected',
  expired: 'Expired',
  ended: 'Ended early',
  unapproved: 'Without approval',
};

export const approvalStatusHints: Record<ApprovalStatus, string> = {
  requested: 'Awaiting a decision.',
  approved: 'The risk is accepted until that date. Then the finding reopens automatically.',
  unapproved:
    'Accepted before approval was required. Request approval before the end date, or the finding reopens.',
  rejected: 'The risk is not accepted. The finding’s status does not change.',
  expired: 'The acceptance expired.',
  ended: 'The finding was reopened before the acceptance expired.',
};

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

export const r = {
  edit: 'Edit',
  create: 'Create',
  name: 'Name',
  nameNeeded: 'Enter a name.',
  description: 'Description',
  noDescription: 'No description.',
  details: 'Details',
  company: 'Company',
  project: 'Project',
  asset: 'Asset',
  noProject: 'No project',
  noAsset: 'No asset',
  status: 'Status',
  search: 'Search',
  clear: 'Clear filters',
  created: 'Created',
  updated: 'Updated',
  noneTitle: 'No matches',
  noneText: 'Remove a filter, or search for something else.',
  anyStatus: 'Any status',
  order: 'Order',
  newest: 'Newest first',
  changedLast: 'Recently updated',
  optional: 'Optional.',

  assets: {
    title: 'Assets',
    one: 'Asset',
    create: 'New asset',
    change: 'Edit asset',
    search: 'Search name or address',
    kind: 'Kind',
    anyKind: 'Any kind',
    criticality: 'Criticality',
    anyCriticality: 'Any criticality',
    critical: (name: string) => `Criticality: ${name.toLowerCase()}`,
    criticalityHint: 'How important it is.',
    identifier: 'Address',
    identifierHint: 'A unique address, URL or path.',
    statusHint: 'A retired asset keeps its findings.',
    findings: 'Findings',
    noFindings: 'No findings for this asset.',
    emptyTitle: 'No assets yet',
    emptyText: 'Assets are what findings are about: applications, hosts, repositories.',
    emptyViewer: 'The applications, hosts and repositories that findings are about appear here.',
  },

  agreements: {
    title: 'Agreements',
    one: 'Agreement',
    create: 'New agreement',
    change: 'Edit agreement',
    search: 'Search name or reference',
    reference: 'Reference',
    referenceHint: 'What both sides call it, such as a contract number.',
    starts: 'Starts on',
    expires: 'Last day',
    expiresNeeded: 'Enter the last day.',
    order: 'The last day is before the start date.',
    hours: 'Contracted hours',
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
  },

  approvals: {
    title: 'Approvals',
    one: 'Approval',
    waiting: 'Waiting for a decision',
    decided: 'Decided',
    search: 'Search by finding',
    noneWaiting: 'No pending requests.',
    noneDecided: 'No decisions yet.',
    risk: 'Risk acceptance',
    riskText: 'Accept this risk until a date; a manager approves.',
    ask: 'Request risk acceptance',
    askButton: 'Send request',
    change: 'Edit request',
    changeButton: 'Save',
    reason: 'Reason',
    reasonHint: 'Why the risk is acceptable. Shown to the approver.',
    reasonNeeded: 'Enter why the risk is acceptable.',
    until: 'Until',
    untilHint: 'Until the end of that day. Then the finding reopens.',
    untilNeeded: 'Choose a day after today.',
    requestedBy: 'Requested by',
    requestedAt: 'Requested',
    decidedBy: 'Decided by',
    decidedAt: 'Decided',
    formerUser: 'Former user',
    nobody: 'Nobody',
    finding: 'Finding',
    open: 'View request',
    decide: 'Decide',
    decision: 'Decision',
    comment: 'Comment',
    commentHint: 'Optional. Shown to the requester.',
    approve: 'Approve',
    reject: 'Reject',
    notYours: 'You can’t decide on your own request.',
    changed: 'The request changed while you were reading it. Review it before you decide.',
    reviewed: 'I’ve reviewed the changes',
    stale:
      'The request changed before your decision arrived. Nothing was decided: review it and decide again.',
    changeHint: 'If you change a request, you can’t decide it.',
    outgrown: (accepted: string) =>
      `This finding is now more severe than what was accepted (${accepted}). Withdraw the acceptance if it no longer holds.`,
    withdraw: 'Withdraw acceptance',
    reallyWithdraw: 'Withdraw? Click again',
    withdrawn: 'Risk acceptance withdrawn.',
    acceptedAs: 'Accepted as',
    without: 'Accepted without approval',
    withoutText:
      'These findings were accepted before approval was required. They reopen on the date below unless a request is approved.',
    withdrawRequest: 'Withdraw',
    decisionComment: 'Decision comment',
    line: (name: string, until: string) => `${name} · until ${until}`,
    emptyTitle: 'No approvals yet',
    emptyText: 'Requests to accept the risk of a finding appear here.',
  },

  reports: {
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
  },

  findings: {
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
  },

  history: {
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
  },

  scans: {
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
  },

  projects: {
    change: 'Edit project',
    search: 'Search name or description',
  },
} as const;

/** Who requested it: nobody if the risk was accepted before approval was required. */
export const requester = (one: Pick<Approval, 'status' | 'requested_by'>): string =>
  one.requested_by?.name ?? (one.status === 'unapproved' ? r.approvals.nobody : r.approvals.formerUser);
