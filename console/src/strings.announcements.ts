/** The English texts of announcements, for the administrators who write them. */

export const n = {
  title: 'Announcements',
  hint: 'Shown above every page to everyone at once, in the inbox, and sent by email.',
  create: 'New announcement',
  subject: 'Title',
  subjectNeeded: 'Enter a title.',
  text: 'Text',
  textNeeded: 'Enter some text.',
  until: 'Show until',
  untilHint: 'Leave blank to show it until it is withdrawn.',
  send: 'Announce to everyone',
  sent: 'Announced.',
  current: 'Current announcements',
  none: 'No current announcements.',
  withdraw: 'Withdraw',
  reallyWithdraw: 'Withdraw? Click again',
  withdrawOf: (title: string) => `Withdraw: ${title}`,
  untilShown: 'until',
} as const;
