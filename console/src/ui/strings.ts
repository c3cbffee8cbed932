/** The English texts of the parts that every page shares. */

import type { Problem } from '../api/http';
import type { Severity } from '../api/types';
import { count } from '../format/count';
import type { Theme } from '../state/theme.svelte';

export const severityNames: Record<Severity, string> = {
  informational: 'Info',
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical',
  urgent: 'Urgent',
};

export const themeNames: Record<Theme, string> = { system: 'System', light: 'Light', dark: 'Dark' };

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

export const commonTexts = {
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
  more: (n: number) => `+${String(n)} more`,
  pageTitle: (page: string, unread: number) =>
    `${unread > 0 ? `(${String(unread)}) ` : ''}${page} · Campanile`,
  theme: 'Theme',
  when: 'When',
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
  delete: 'Delete',
  reallyDelete: 'Delete? Click again',
  trace: 'Who was notified?',
  copy: 'Copy',
  copied: 'Copied',
  revoke: 'Revoke',
  reallyRevoke: 'Revoke? Click again',
} as const;

export const unreachableTexts = {
  title: 'The server cannot be reached',
  text: 'Campanile did not respond. It may be restarting.',
} as const;

export const notFoundTexts = {
  title: 'Page not found',
  text: 'It may have been deleted, or you don’t have access.',
  home: 'Go to findings',
} as const;

export const chooserTexts = {
  search: 'Search people and teams',
  people: 'People',
  teams: 'Teams',
  nobody: 'No matches.',
  you: 'you',
} as const;

/** Where the type of an event does not give its name. */
const eventNames: Record<string, string> = {
  'finding.created': 'New finding',
  'finding.status_changed': 'Status changed',
  'finding.severity_changed': 'Severity changed',
  'finding.commented': 'New comment',
  'asset.created': 'New asset',
  'project.created': 'New project',
  'agreement.created': 'New agreement',
  'report.updated': 'Report renamed',
  'approval.updated': 'Approval changed',
  'approval.outgrown': 'More severe than accepted',
  'approval.deleted': 'Request withdrawn',
  'platform.announced': 'Announcement',
};

/** `finding.assigned` as `Finding assigned`. */
export function eventName(type: string): string {
  const words = type.replaceAll(/[._]/g, ' ');
  return eventNames[type] ?? (words.charAt(0).toUpperCase() + words.slice(1)).replace(/^Sla/, 'SLA');
}

export const viewTexts = {
  label: 'Saved views',
  save: 'Save view',
  edit: 'Edit view',
  editOf: (name: string) => `Edit the view ${name}`,
  hint: 'Saves the filters and sort order of this list, for you only.',
  replaces: (name: string) => `This replaces the view ${name}.`,
} as const;

export const shortcutTexts = {
  title: 'Keyboard shortcuts',
  groups: { everywhere: 'Everywhere', places: 'Go to', list: 'In a list' },
  search: 'Search and commands',
  help: 'Keyboard shortcuts',
  bell: 'Open notifications',
  company: 'Switch company',
  theme: 'Switch between light and dark',
  next: 'Next row',
  previous: 'Previous row',
  open: 'Open the row',
  select: 'Select the row',
  then: 'then',
  or: 'or',
  on: 'Single-key shortcuts',
  onHint: 'Turn them off if they interfere with your other tools. Ctrl K still works.',
} as const;

export const ownerTexts = {
  owners: 'Owners',
  ownersHint: 'Notified about findings that are unassigned and match no ownership rule.',
  noOwners: 'None',
  tags: 'Tags',
  tagsHint: 'Separated by commas.',
  withTag: (tag: string) => `Findings with the tag ${tag}`,
  ownership: 'Ownership',
  rulesLink: 'Ownership rules',
} as const;
