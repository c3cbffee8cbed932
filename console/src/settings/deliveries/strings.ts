/** The English texts of deliveries, destinations and the trace of an event. */

import type { DeliveryState } from '../../api/settings';
import { count } from '../../format/count';

export const stateNames: Record<DeliveryState, string> = {
  pending: 'Waiting',
  sending: 'Sending',
  delivered: 'Delivered',
  written: 'Written to a file',
  refused: 'Rejected',
  failed: 'Failed',
  unknown: 'Outcome unknown',
  cancelled: 'Canceled',
  bundled: 'Bundled',
  set_aside: 'Quarantined',
};

const outcomes: Record<string, string> = {
  delivered: 'Delivered',
  written: 'Written to a file',
  refused: 'Rejected',
  retry: 'Rejected, will retry',
  unknown: 'Outcome unknown',
};

export const outcomeName = (outcome: string | null): string =>
  outcome === null ? 'Running' : (outcomes[outcome] ?? outcome.replaceAll('_', ' '));

/** For recipients that the caller may not see. */
export const hiddenName = (type: string): string =>
  type === 'user' ? 'Someone outside your companies' : 'Recipient of a platform-wide rule';

export const deliveryTexts = {
  title: 'Deliveries',
  hint: 'All outgoing messages and their delivery attempts.',
  state: 'State',
  channel: 'Channel',
  anyState: 'Any state',
  anyChannel: 'Any channel',
  reload: 'Reload',
  event: 'Event',
  to: 'To',
  attempts: 'Attempts',
  attempt: (n: number) => `Attempt ${String(n)}`,
  none: 'No attempts yet.',
  when: 'When',
  next: 'Next attempt',
  again: 'Resend',
  asked: 'Queued for another attempt.',
  why: 'Who was notified, and why',
  emptyTitle: 'No messages yet',
  emptyText: 'Messages by email, webhook, Slack and Teams appear here as they are planned.',
  noneTitle: 'No matching messages',
  noneText: 'Choose “Any state” and “Any channel”.',
  answer: 'Response',
} as const;

export const traceTexts = {
  title: 'Who was notified, and why',
  back: 'Back',
  setUp: 'Set up a channel',
  outcomes: { notified: 'Notified', waiting: 'Pending', not: 'Not notified' },
  attempts: (n: number) => count(n, 'attempt', 'attempts'),
  fault: (text: string) => `The event could not be processed: ${text}`,
  tree: 'Recipients and outcomes',
  rule: 'Rules',
  member: (team: string) => `(team ${team})`,
  inGroup: {
    import: 'Came with an import, which is sent as one message per recipient.',
    bulk: 'Part of a bulk change, which is sent as one message per recipient.',
  },
  group: 'Who got that message?',
  groupScan: 'Open the scan',
  nobodyHint:
    'Assign the finding, or add a rule for events like this one, so that the next one reaches someone.',
  ruleHint: 'Add a rule for events like this one, so that the next one reaches someone.',
  assign: 'Assign the finding',
  assigned: 'Assigned. The new assignees are notified of the assignment.',
  addRule: 'Add a rule',
  added: 'Rule added. It applies to events from now on.',
  ask: {
    title: 'Ask about a person',
    search: 'Search name or email',
    people: 'People',
    nobody: 'No matches.',
    more: 'Type to find more people.',
    again: 'Ask about someone else',
  },
  goneTitle: 'No longer available',
  goneText: 'The event was deleted, or you no longer have access to it.',
} as const;

export const destinationTexts = {
  title: 'Destinations',
  hint: 'Every URL that messages are posted to, and the mail server, with their health. URLs are secret and shown masked.',
  on: 'On',
  failing: 'Failing',
  off: 'Turned off',
  closed: 'Cannot be decrypted',
  closedHint:
    'The secret key cannot decrypt this URL, so messages to it wait. Save the URL again or restore the key.',
  setAside: (count: number) =>
    count === 1
      ? '1 event or message is quarantined: this version of the server cannot read it.'
      : `${count} events or messages are quarantined: this version of the server cannot read them.`,
  mail: 'Mail server',
  notSetUp: 'Not set up',
  notSetUpHint: 'Emails are only written to files.',
  code: (status: number) => `HTTP ${String(status)}`,
  delivered: (rate: number) =>
    `${(rate * 100).toLocaleString('en', { maximumFractionDigits: 1 })}% delivered`,
  untried: 'No attempts yet',
  unwanted: 'Unused',
  unwantedHint: 'Its rule or personal chat is turned off.',
  refusals: (n: number) => `${count(n, 'rejection', 'rejections')} in a row`,
  usedBy: { url: 'Rule', team: 'Team', user: 'Personal chat', platform: 'Platform' },
  openRule: 'Rules',
  openTeam: 'Teams',
  url: 'URL',
  owner: 'Owner',
  channel: 'Channel',
  state: 'State',
  since: 'since',
  status: 'Last status code',
  lastSuccess: 'Last success',
  never: 'Never',
  rate: 'Success rate',
  rateHint: 'Over about the last 1,000 attempts',
  latency: 'Average latency',
  percent: (rate: number) => `${(rate * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%`,
  milliseconds: (ms: number) =>
    ms < 1000
      ? `${ms.toLocaleString('en')} ms`
      : `${(ms / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} s`,
  log: 'Deliveries',
  testTitle: 'Test',
  testHint: 'Sends one test message to the saved URL. A delivered test turns the destination on.',
  again: 'Resend failed messages',
  againTitle: 'Resend',
  againHint:
    'Resends messages that were rejected, failed, had an unknown outcome, or were canceled because the destination was turned off: oldest first, with the same IDs.',
  failedSince: 'Failed since',
  spans: [
    { label: 'Last hour', hours: 1 },
    { label: 'Last day', hours: 24 },
    { label: 'Last 7 days', hours: 168 },
    { label: 'Last 30 days', hours: 720 },
  ],
  switchOn: 'Turn the destination on',
  switchOnAll: 'Turn on destinations that are turned off',
  switchOnNeeded: 'It is turned off: nothing is sent there until it is turned on.',
  now: 'Send waiting messages now',
  nowHint: 'Sends messages now that are waiting for their next attempt.',
  sent: (n: number, more: boolean) =>
    n === 0
      ? 'There was nothing to send.'
      : `${count(n, 'message is', 'messages are')} being sent.${more ? ' There are more: run it again to send them.' : ''}`,
  wholeChannel: 'Resend for a channel',
  emptyTitle: 'No destinations yet',
  emptyText: 'URLs of rules, teams and personal chats appear here once they are saved.',
} as const;
