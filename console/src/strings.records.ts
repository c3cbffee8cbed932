/** The English texts of assets, agreements, approvals, reports, and of what people write about records by hand. */

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
  requested: 'Waiting',
  approved: 'Approved',
  rejected: 'Rejected',
  expired: 'Expired',
  ended: 'Ended early',
  unapproved: 'Without approval',
};

export const approvalStatusHints: Record<ApprovalStatus, string> = {
  requested: 'Nobody has decided yet.',
  approved: 'The risk is accepted until then. After that the finding opens again by itself.',
  unapproved:
    'Accepted before an approval was needed. Request one before the end, or the finding opens again.',
  rejected: 'The risk is not accepted. The finding stays where it is.',
  expired: 'The acceptance expired.',
  ended: 'The finding was opened again before the time was over.',
};

export const reportStatusNames: Record<ReportStatus, string> = {
  pending: 'Waiting',
  running: 'Being made',
  ready: 'Ready',
  failed: 'Failed',
  expired: 'Expired',
};

export const formatNames: Record<ReportFormat, string> = { html: 'HTML', csv: 'CSV', json: 'JSON' };
export const formatHints: Record<ReportFormat, string> = {
  html: 'To read and to print.',
  csv: 'For a spreadsheet.',
  json: 'For another program.',
};

export const r = {
  edit: 'Edit',
  create: 'Create',
  name: 'Name',
  nameNeeded: 'Give it a name.',
  description: 'Description',
  noDescription: 'There is no description.',
  details: 'Details',
  company: 'Company',
  project: 'Project',
  asset: 'Asset',
  noProject: 'No project',
  noAsset: 'No asset',
  status: 'Status',
  search: 'Search',
  clear: 'Clear filters',
  created: 'Added',
  updated: 'Changed',
  noneTitle: 'Nothing fits these filters',
  noneText: 'Take a filter away, or search for something else.',
  anyStatus: 'Any status',
  order: 'Order',
  newest: 'Newest first',
  changedLast: 'Changed last',
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
    criticalityHint: 'How much depends on it.',
    identifier: 'Address',
    identifierHint: 'An address, URL or path that tells it apart.',
    statusHint: 'A retired asset keeps its findings.',
    findings: 'Findings',
    noFindings: 'No finding is about this asset.',
    emptyTitle: 'No assets yet',
    emptyText: 'An asset is what findings are about: an application, a host, a repository.',
    emptyViewer: 'What findings are about appears here: applications, hosts, repositories.',
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
    expiresNeeded: 'Say which day is the last.',
    order: 'The last day lies before the start.',
    hours: 'Hours agreed on',
    hoursUsed: 'Hours used',
    noHours: 'No hours agreed on',
    used: (used: number, hours: number) =>
      `${used.toLocaleString('en')} of ${count(hours, 'hour', 'hours')} used`,
    usedOnly: (used: number) => `${count(used, 'hour', 'hours')} used`,
    over: (hours: number) => `${count(hours, 'hour', 'hours')} over`,
    left: (hours: number) => `${count(hours, 'hour', 'hours')} left`,
    lastToday: 'Last day is today',
    daysLeft: (days: number) => `${count(days, 'day', 'days')} left`,
    ended: (days: number) => `Expired ${count(days, 'day', 'days')} ago`,
    sorts: { ends: 'Ends first', newest: 'Newest first', changed: 'Changed last' },
    emptyTitle: 'No agreements yet',
    emptyText: 'A framework agreement has a last day and hours. You are told before it expires.',
    emptyViewer: 'Framework agreements with their last day and their hours appear here.',
  },

  approvals: {
    title: 'Approvals',
    one: 'Approval',
    waiting: 'Waiting for a decision',
    decided: 'Decided',
    search: 'Search by finding',
    noneWaiting: 'Nothing waits for a decision.',
    noneDecided: 'Nothing has been decided yet.',
    risk: 'Risk acceptance',
    riskText: 'Accept this risk until a date; a manager approves.',
    ask: 'Request risk acceptance',
    askButton: 'Send request',
    change: 'Change the request',
    changeButton: 'Change',
    reason: 'Reason',
    reasonHint: 'Why the risk can be lived with. Whoever decides reads it.',
    reasonNeeded: 'Say why the risk can be accepted.',
    until: 'Until',
    untilHint: 'The end of that day. Then the finding opens again.',
    untilNeeded: 'Choose a day after today.',
    askedBy: 'Asked by',
    askedAt: 'Asked',
    decidedBy: 'Decided by',
    decidedAt: 'Decided',
    somebody: 'Former user',
    nobody: 'Nobody',
    finding: 'Finding',
    open: 'See the request',
    decide: 'Decide',
    decision: 'Decision',
    comment: 'Comment',
    commentHint: 'Optional. Whoever asked reads it.',
    approve: 'Approve',
    reject: 'Reject',
    notYours: 'You can’t decide on your own request.',
    changed: 'The request changed while you were reading it. Review it before you decide.',
    reviewed: 'I’ve reviewed the changes',
    stale:
      'The request changed before your decision arrived. Nothing was decided: review it and decide again.',
    changeHint: 'Who changes a request can’t decide it.',
    outgrown: (accepted: string) =>
      `This finding is now more severe than what was accepted (${accepted}). Withdraw the acceptance if it no longer holds.`,
    withdraw: 'Withdraw acceptance',
    reallyWithdraw: 'Really withdraw?',
    withdrawn: 'Risk acceptance withdrawn.',
    acceptedAs: 'Accepted as',
    without: 'Accepted without approval',
    withoutText:
      'These findings were accepted before an approval was needed. They open again when the date below is reached, unless a request is approved.',
    takeBack: 'Take back',
    reallyTakeBack: 'Really take back?',
    said: 'Said to it',
    line: (name: string, until: string) => `${name} · until ${until}`,
    emptyTitle: 'No approvals yet',
    emptyText: 'When somebody asks to accept the risk of a finding, the request appears here.',
  },

  reports: {
    title: 'Reports',
    one: 'Report',
    create: 'New report',
    make: 'Make the report',
    rename: 'Rename',
    renameTitle: 'Rename the report',
    search: 'Search by name',
    format: 'Format',
    anyFormat: 'Any format',
    nameHint: 'Optional. Without one it is called after what it is of.',
    wholeCompany: 'The whole company',
    contents: 'Contents',
    severities: 'Severities',
    statuses: 'Statuses',
    choose: 'Leave all unticked for every finding.',
    download: 'Download',
    downloadOf: (name: string) => `Download ${name}`,
    being: 'This report is being made. It appears here by itself.',
    findings: (n: number) => count(n, 'finding', 'findings'),
    size: 'Size',
    bytes: (bytes: number) =>
      bytes < 1024
        ? count(bytes, 'byte', 'bytes')
        : bytes < 1024 * 1024
          ? `${(bytes / 1024).toFixed(1)} KB`
          : `${(bytes / 1024 / 1024).toFixed(1)} MB`,
    by: 'Asked for by',
    made: 'Made',
    isReady: (name: string) => `${name} is ready.`,
    hasFailed: (name: string) => `${name} could not be made.`,
    justNow: 'Just now',
    emptyTitle: 'No reports yet',
    emptyText: 'A report holds the findings of a company or a project as they are now.',
    emptyViewer: 'Reports that analysts ask for appear here to download.',
  },

  findings: {
    create: 'New finding',
    change: 'Edit finding',
    title: 'Title',
    titleNeeded: 'Give the finding a title.',
    severity: 'Severity',
    location: 'Location',
    locationHint: 'Where it is, such as a path and line or a URL.',
    cwe: 'CWE',
    cweHint: 'The weakness, such as CWE-79.',
    sla: 'SLA deadline',
    slaHint: 'Leave it empty for what the SLA days give.',
    retest: 'Retest due',
  },

  story: {
    title: 'History',
    nobody: 'nobody',
    write: 'Write a comment',
    send: 'Comment',
    hint: 'Ctrl+Enter sends. Those who see to the finding are told.',
    edited: 'edited',
    edit: 'Edit',
    editOf: (name: string) => `Edit the comment of ${name}`,
    commented: 'commented',
    gone: 'Somebody who is gone',
    rewrite: 'Comment',
  },

  scans: {
    create: 'Schedule a scan',
    change: 'Edit scan',
    search: 'Search name or tool',
    tool: 'Tool',
    when: 'Starts at',
    whenNeeded: 'Say when the scan starts.',
    start: 'Start now',
    complete: 'Mark completed',
    fail: 'Mark failed',
    why: 'What went wrong',
    whyHint: 'Optional. It stands on the scan’s card.',
    noneTitle: 'No scan fits these filters',
  },

  projects: {
    change: 'Edit project',
    search: 'Search name or description',
  },
} as const;

/** Who requested it; nobody did where the risk was accepted before that was needed. */
export const requester = (one: Pick<Approval, 'status' | 'requested_by'>): string =>
  one.requested_by?.name ?? (one.status === 'unapproved' ? r.approvals.nobody : r.approvals.somebody);
