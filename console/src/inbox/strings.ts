/** The English texts of the inbox. */

import { count } from '../format/count';

export const inboxTexts = {
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
  preferences: 'Change what you’re notified about',
} as const;
