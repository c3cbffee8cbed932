/** The English texts around every page: navigation, search, shortcuts, the company switcher. */

export const places = {
  dashboard: 'Dashboard',
  inbox: 'Inbox',
  calendar: 'Calendar',
  findings: 'Findings',
  scans: 'Scans',
  targets: 'Targets',
  approvals: 'Approvals',
  reports: 'Reports',
  insights: 'Time to know',
  projects: 'Projects',
  assets: 'Assets',
  agreements: 'Agreements',
  settings: 'Settings',
} as const;

export const shell = {
  more: 'More',
  everything: 'All pages',

  company: {
    label: (name: string) => `Company: ${name}`,
    title: 'Switch company',
    all: 'All companies',
    search: 'Search companies',
    none: 'No companies found.',
    hint: 'Filters lists, counts and the calendar.',
  },

  palette: {
    open: 'Search',
    title: 'Search and commands',
    label: 'Search findings, scans, assets and more, or type a command',
    placeholder: 'Search, or type a command',
    results: 'Results',
    searching: 'Searching',
    nothing: (text: string) => `No results for “${text}”.`,
    failed: 'The search failed. Type again to retry.',
    goTo: 'Go to',
    commands: 'Commands',
    all: (text: string) => `All findings matching “${text}”`,
    hint: ['to select', 'to open', 'to close'],
    found: (n: number) => (n === 1 ? '1 result' : `${String(n)} results`),
    kinds: {
      findings: 'Findings',
      scans: 'Scans',
      assets: 'Assets',
      projects: 'Projects',
      agreements: 'Agreements',
      approvals: 'Approvals',
      reports: 'Reports',
    } as Record<string, string>,
  },

  bulk: {
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
  },

  banners: {
    label: 'Announcements',
    dismiss: (title: string) => `Dismiss: ${title}`,
    mailTitle: 'No mail server is set up.',
    mailText: 'Emails are written to files instead of being sent.',
  },

  undo: {
    label: 'Done',
    button: 'Undo',
    failed: (why: string) => `Couldn’t undo. ${why}`,
  },

  keys: {
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
  },
} as const;
