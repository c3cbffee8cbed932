/** The English texts around every page: navigation, search, shortcuts, the company one looks at. */

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
    title: 'Which company do you look at?',
    all: 'All companies',
    search: 'Search companies',
    none: 'No company is called that.',
    hint: 'Lists, counts and the calendar are narrowed to it.',
  },

  palette: {
    open: 'Search',
    title: 'Search and commands',
    label: 'Search findings, scans, assets and more, or type a command',
    placeholder: 'Search, or type a command',
    results: 'Results',
    searching: 'Searching',
    nothing: (text: string) => `Nothing is called “${text}”.`,
    failed: 'The search did not work. Type again to retry.',
    goTo: 'Go to',
    commands: 'Commands',
    all: (text: string) => `All findings with “${text}”`,
    hint: ['to choose', 'to open', 'to close'],
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
    assignHint: 'They take the place of who sees to them now.',
    oneCompany: 'Select findings of one company to assign them together.',
    noStatus: 'No common status',
    reason: (n: number, status: string) =>
      `Move ${n === 1 ? '1 finding' : `${String(n)} findings`} to ${status.toLowerCase()}`,
    restored: 'Restored by Undo.',
    tooMany: 'At most 1,000 at once.',
    moved: (n: number, status: string) =>
      `${n === 1 ? '1 finding' : `${String(n)} findings`} moved to ${status.toLowerCase()}.`,
    assigned: (n: number) => `${n === 1 ? '1 finding' : `${String(n)} findings`} assigned.`,
  },

  banners: {
    label: 'Announcements',
    dismiss: (title: string) => `Dismiss: ${title}`,
    mailTitle: 'No mail server is set up.',
    mailText: 'Emails are only written to files and reach nobody.',
  },

  undo: {
    label: 'Done',
    button: 'Undo',
    failed: (why: string) => `This could not be taken back. ${why}`,
  },

  keys: {
    title: 'Keyboard shortcuts',
    groups: { everywhere: 'Everywhere', places: 'Go to', list: 'In a list' },
    search: 'Search and commands',
    help: 'Keyboard shortcuts',
    bell: 'Open the bell',
    company: 'Switch company',
    theme: 'Switch between light and dark',
    next: 'Next row',
    previous: 'Previous row',
    open: 'Open the row',
    select: 'Select the row',
    then: 'then',
    or: 'or',
    on: 'Single-key shortcuts',
    onHint: 'Turn them off if they get in the way of your own tools. Ctrl K stays.',
  },
} as const;
