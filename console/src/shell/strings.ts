/** The English texts around every page: sign-in, navigation, search, the company switcher. */

import type { LiveState } from '../state/stream';

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

export const shellTexts = {
  product: 'Campanile',
  tagline: 'Security findings, delivered where you work.',
  skip: 'Skip to content',
  nav: 'Main',

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
    signOut: 'Sign out',
    signOutFailed: 'Sign-out failed. Try again.',
  },

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
} as const;

export const placeNames = {
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
