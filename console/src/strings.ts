/** Every English text of the console. Functions take what varies; nothing is glued together elsewhere. */

import type { Problem } from './api/http';
import type { CalendarKind, FindingStatus, ScanStatus, Severity } from './api/types';
import type { LiveState } from './live';
import type { Theme } from './state/theme.svelte';

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

export const severityNames: Record<Severity, string> = {
  informational: 'Info',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
  urgent: 'Urgent',
};

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

export const scanStatusNames: Record<ScanStatus, string> = {
  scheduled: 'Scheduled',
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
};

export const projectStatusNames: Record<'planned' | 'active' | 'completed', string> = {
  planned: 'Planned',
  active: 'Active',
  completed: 'Completed',
};

export const agreementStatusNames: Record<'draft' | 'active' | 'terminated', string> = {
  draft: 'Draft',
  active: 'Active',
  terminated: 'Terminated',
};

export const liveNames: Record<LiveState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
};

export const liveHints: Record<LiveState, string> = {
  connecting: 'Connecting to the live stream.',
  live: 'This page updates live.',
  reconnecting: 'Connection lost. Reconnecting automatically; the page will then update.',
  offline: 'The server cannot be reached. This page updates once the connection is back.',
};

export const themeNames: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

export const kindNames: Record<CalendarKind, string> = {
  sla_due: 'SLA deadline',
  retest_due: 'Retest due',
  scan: 'Scan',
  project_start: 'Project starts',
  project_end: 'Project ends',
  agreement_expiry: 'Agreement expires',
  acceptance_end: 'Risk acceptance expires',
};

const categoryNames: Record<string, string> = {
  finding: 'Finding',
  sla: 'SLA',
  retest: 'Retest',
  scan: 'Scan',
  asset: 'Asset',
  project: 'Project',
  report: 'Report',
  agreement: 'Agreement',
  approval: 'Approval',
  destination: 'Destination',
  delivery: 'Delivery',
  platform: 'Platform',
};
export const categoryName = (category: string): string => categoryNames[category] ?? category;

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

const problemTitles: Record<number, string> = {
  401: 'Your session has ended',
  403: 'You don’t have permission',
  404: 'Not found',
  409: 'This conflicts with the current state',
  413: 'File too large',
  422: 'Please check your input',
  429: 'Too many attempts',
  500: 'Something went wrong on the server',
  502: 'The server cannot be reached',
  503: 'The server is busy or restarting',
  507: 'The server is out of storage space',
};

/** What went wrong, in a few words. */
export function problemTitle(problem: Problem): string {
  if (problem.status === 0) {
    return problem.message === 'cancelled' ? 'Canceled' : 'The server cannot be reached';
  }
  return problemTitles[problem.status] ?? problem.message;
}

/** What went wrong in full: the server's own words where it has any, otherwise what to do. */
export function problemText(problem: Problem): string {
  if (problem.status === 0) {
    return problem.message === 'cancelled'
      ? 'No changes were made.'
      : 'Check your connection. Nothing you typed is lost.';
  }
  if (problem.status === 429 && problem.retryAfter !== null) {
    return `Try again in ${count(Math.ceil(problem.retryAfter), 'second', 'seconds')}.`;
  }
  if (problem.detail) return problem.detail;
  if (problem.status >= 500) return 'Try again in a moment.';
  return problem.message;
}

export const t = {
  product: 'Campanile',
  tagline: 'Security findings, delivered where you work.',
  skip: 'Skip to content',
  retry: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  back: 'Back',
  save: 'Save',
  loading: 'Loading',
  updating: 'Updating',
  loadMore: 'Load more',
  loadingMore: 'Loading more',
  none: 'None',
  all: 'All',
  nav: 'Main',
  settings: 'Settings',
  more: (n: number) => `+${String(n)} more`,
  pageTitle: (page: string, unread: number) =>
    `${unread > 0 ? `(${String(unread)}) ` : ''}${page} · Campanile`,

  start: {
    unreachable: 'The server cannot be reached',
    unreachableText: 'Campanile did not respond. It may be restarting.',
  },

  signIn: {
    title: 'Sign in',
    email: 'Email',
    password: 'Password',
    button: 'Sign in',
    busy: 'Signing in',
    show: 'Show password',
    hide: 'Hide password',
    wrong: 'Incorrect email or password.',
    ended: 'Your session has ended. Sign in to continue where you left off.',
    next: 'You’ll be taken to the page you asked for.',
  },

  account: {
    label: 'Account',
    admin: 'Administrator',
    theme: 'Theme',
    signOut: 'Sign out',
    signOutFailed: 'Sign-out failed. Try again.',
  },

  notFound: {
    title: 'Page not found',
    text: 'It may have been deleted, or you don’t have access.',
    home: 'Go to findings',
  },

  findings: {
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
    import: 'Import results',
    noneTitle: 'No findings match',
    noneText: 'Remove a filter, or choose “All statuses”.',
    calmTitle: 'All clear',
    calmText: 'No open findings. Choose “All statuses” to see closed ones.',
  },

  sla: {
    left: (text: string) => `${text} left`,
    over: (text: string) => `${text} overdue`,
    breached: 'SLA breached',
    near: 'SLA due soon',
    none: 'No deadline',
    stopped: 'Clock stopped',
  },

  finding: {
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
  },

  history: {
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
  },

  picker: {
    title: 'Assign this finding',
    search: 'Search people and teams',
    people: 'People',
    teams: 'Teams',
    nobody: 'No matches.',
    chosen: (n: number) => (n === 0 ? 'No one selected' : `${String(n)} selected`),
    hint: 'New assignees will be notified.',
    save: 'Assign',
    you: 'you',
  },

  scans: {
    title: 'Scans',
    import: 'Import results',
    emptyTitle: 'No scans yet',
    emptyText: 'Drop a scan report here, or choose a file.',
    drop: 'Drop the scan report to import it',
    findings: 'View findings',
    inList: 'All findings, including closed',
    noTool: 'Unknown tool',
    started: 'Started',
    took: 'Took',
    running: 'Reading the scan report',
    counts: {
      read: 'read',
      created: 'new',
      updated: 'changed',
      reopened: 'reopened',
      closed: 'closed',
      unchanged: 'unchanged',
      skipped: 'skipped',
    },
    nothing: 'No findings yet.',
  },

  projects: {
    title: 'Projects',
    create: 'New project',
    name: 'Name',
    description: 'Description',
    company: 'Company',
    starts: 'Starts on',
    ends: 'Ends on',
    button: 'Create project',
    emptyTitle: 'No projects yet',
    emptyText: 'Projects group findings by application or engagement.',
    emptyViewer: 'Ask a manager of your company to create one.',
    findings: 'Findings',
    nameNeeded: 'Enter a project name.',
    order: 'The end date is before the start date.',
    noDates: 'No dates',
    range: (from: string, to: string) => `${from} – ${to}`,
    from: (from: string) => `From ${from}`,
    until: (to: string) => `Until ${to}`,
  },

  inbox: {
    title: 'Inbox',
    bell: (unread: number) =>
      unread === 0 ? 'Notifications, none unread' : `Notifications, ${String(unread)} unread`,
    all: 'All',
    unread: 'Unread',
    filter: 'Show',
    type: 'Event type',
    everyType: 'All types',
    noneOfTitle: 'No notifications of this type',
    noneOfText: 'Choose another type, or “All types”.',
    markAll: 'Mark all read',
    markOne: (title: string) => `Mark read: ${title}`,
    isUnread: 'Unread',
    openPage: 'Open the inbox',
    findings: (n: number) => `Show ${count(n, 'finding', 'findings')}`,
    hideFindings: 'Hide findings',
    gone: (n: number) => `${count(n, 'finding is', 'findings are')} no longer available to you.`,
    andMore: (n: number) => `and ${n.toLocaleString('en')} more`,
    emptyTitle: 'Your inbox is empty',
    emptyText: 'Assignments, deadlines and completed scans that involve you will show up here.',
    noneTitle: 'You’re all caught up',
    noneText: 'New notifications appear here automatically.',
    dismiss: 'Dismiss',
    why: 'Why did I get this?',
    count: (total: number, unread: number) =>
      unread === 0
        ? count(total, 'notification', 'notifications')
        : `${String(unread)} unread of ${String(total)}`,
  },

  calendar: {
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
    when: 'When',
    kind: 'Kind',
    status: 'Status',
    severity: 'Severity',
    company: 'Company',
    project: 'Project',
    until: 'Until',
    legend: 'Kinds',
  },

  subscribe: {
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
  },
} as const;
