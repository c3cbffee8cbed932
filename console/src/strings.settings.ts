/** The English texts of the settings. Apart from strings.ts, so that the first load does not carry them. */

import type { Channel, DeliveryState } from './api/settings';
import type { Role } from './api/types';

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

export const channelNames: Record<Channel, string> = {
  in_app: 'Inbox',
  email: 'Email',
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Teams',
};

export const stateNames: Record<DeliveryState, string> = {
  pending: 'Waiting',
  sending: 'Sending',
  delivered: 'Delivered',
  refused: 'Refused',
  failed: 'Failed',
  unknown: 'Unknown',
  cancelled: 'Cancelled',
  bundled: 'In a summary',
};

const outcomes: Record<string, string> = {
  delivered: 'Delivered',
  refused: 'Refused for good',
  retry: 'Refused for now',
  unknown: 'Outcome unknown',
};
export const outcomeName = (outcome: string | null): string =>
  outcome === null ? 'Running' : (outcomes[outcome] ?? outcome.replaceAll('_', ' '));

export const roleNames: Record<Role, string> = { viewer: 'Viewer', analyst: 'Analyst', manager: 'Manager' };
export const roleHints: Record<Role, string> = {
  viewer: 'reads',
  analyst: 'works on findings, imports reports',
  manager: 'runs projects and teams',
};

/** `finding.status_changed` as `Finding status changed`. */
export function eventName(type: string): string {
  const words = type.replaceAll(/[._]/g, ' ');
  return (words.charAt(0).toUpperCase() + words.slice(1)).replace(/^Sla/, 'SLA');
}

const recipientTypes: Record<string, string> = {
  user: 'Person',
  team: 'Team',
  address: 'Address',
  url: 'URL of a rule',
};
export const recipientName = (type: string): string => recipientTypes[type] ?? type;

const reasons: Record<string, string> = {
  rule: 'A rule turns this channel on.',
  team: 'The team is assigned.',
  personal: 'Assigned, with a chat of their own switched on.',
  no_rule: 'No rule turns this channel on for such an event.',
  opted_out: 'They have switched it off in their preferences.',
  out_of_scope: 'They have no access to the company of this event.',
  disabled: 'Their account is switched off.',
  unknown: 'There is no such person or team any more.',
  duplicate: 'They were told of this event there already.',
  no_destination: 'No URL is stored for this channel.',
  gone: 'The destination was changed or removed before it was sent.',
  switched_off:
    'The destination refused for good and is switched off until its URL is saved again or a test arrives.',
};
/** Why someone is told or not: in the console's words, or in the server's where it knows more. */
export const reasonText = (reason: string, explanation: string): string => reasons[reason] ?? explanation;

export const s = {
  sections: 'Settings',
  yours: 'Yours',
  ofCompanies: 'Companies',
  administration: 'Administration',
  save: 'Save',
  remove: 'Remove',
  delete: 'Delete',
  reallyDelete: 'Really delete?',
  edit: (name: string) => `Edit ${name}`,
  saved: 'Saved',

  grid: {
    title: 'Notifications',
    hint: 'What you hear of, and where. A change counts at once; the arrow keys move through the grid.',
    event: 'What happens',
    cell: (event: string, channel: string) => `${event}: ${channel}`,
    whole: 'All of them',
    all: (channel: string) => `All of ${channel}`,
    chat: 'Slack and Teams here are your own chats, once you have set them up under',
  },

  chat: {
    title: 'Your chats',
    names: { slack: 'Slack', teams: 'Microsoft Teams' },
    hint: 'Messages to a Slack or Teams channel of your own, beside what your teams get. Only what you have switched on for it under Notifications goes there.',
    url: 'Incoming webhook URL',
    stored: (masked: string) => `Stored: ${masked}`,
    none: 'No URL is stored.',
    replace: 'Paste a URL to replace it',
    paste: 'Paste the URL here',
    where: {
      slack:
        'In Slack: give an app of your workspace Incoming Webhooks, add it to the channel, and copy the URL.',
      teams:
        'In Teams: add to the channel a workflow that posts when a webhook request is received, and copy its URL.',
    },
    enabled: 'Send messages there',
    off: 'A URL is stored, but nothing is sent: sending is switched off.',
    on: 'Messages are sent there.',
    test: 'Send a test',
    testing: 'Sending a test',
    delivered: 'The test arrived.',
    notDelivered: (reason: string) => `The test did not arrive: ${reason}`,
    what: 'What will be sent',
    example: 'Finding assigned: SQL injection in the order search',
    exampleText: 'Critical · Web shop · assigned by Mara Manager, with a link to the finding here.',
  },

  teams: {
    title: 'Teams',
    hint: 'Each team that is assigned gets one post to its own Slack and Teams channel, whatever its members have switched on.',
    create: 'New team',
    change: 'Change team',
    name: 'Name',
    company: 'Company',
    members: 'Members',
    noMembers: 'Nobody is in it yet',
    count: (n: number) => count(n, 'member', 'members'),
    noUrl: 'not set up',
    nameNeeded: 'Give the team a name.',
    emptyTitle: 'No teams yet',
    emptyText: 'A team takes findings together and has one place to hear of them.',
    slack: 'Slack webhook URL',
    teams: 'Microsoft Teams webhook URL',
  },

  rules: {
    title: 'Rules',
    hint: 'A rule turns a channel on for a type of event, for the people the event concerns and for those the rule names. A preference that says no always wins.',
    create: 'New rule',
    change: 'Change rule',
    event: 'Event',
    channel: 'Channel',
    severity: 'From severity',
    any: 'Any severity',
    noSeverity: 'Events of this type have no severity and pass every threshold.',
    company: 'Company',
    everyCompany: 'Every company',
    who: 'Also to',
    concerned: 'Those it concerns',
    emails: 'Addresses',
    emailsHint: 'One in a line. They get the mail beside those the event concerns.',
    urls: 'URLs',
    urlsHint: 'One in a line. A URL of three dots is stored and stays as it is.',
    people: 'People',
    enabled: 'On',
    switchOn: (name: string) => `Switch on: ${name}`,
    emptyTitle: 'No rules',
    emptyText: 'Without a rule nobody is told of anything, but for the channels of assigned teams.',
    plus: (n: number) => count(n, 'more recipient', 'more recipients'),
  },

  deliveries: {
    title: 'Deliveries',
    hint: 'Every message that left the house or is to, with each attempt.',
    state: 'State',
    anyState: 'Any state',
    anyChannel: 'Any channel',
    reload: 'Reload',
    event: 'Event',
    to: 'To',
    attempts: 'Attempts',
    attempt: (n: number) => `Attempt ${String(n)}`,
    none: 'No attempt yet.',
    when: 'When',
    next: 'Next attempt',
    again: 'Send again',
    asked: 'It will be sent again.',
    why: 'Why was who told?',
    emptyTitle: 'No message yet',
    emptyText: 'Messages by email, webhook, Slack and Teams appear here as they are planned.',
    noneTitle: 'No message is like that',
    noneText: 'Look at every state and channel.',
    answer: 'Answer',
  },

  trace: {
    title: 'Why was who told?',
    back: 'Deliveries',
    link: 'Who was told?',
    setUp: 'Set it up',
    outcomes: { told: 'Told', waiting: 'Not yet', not: 'Not told' },
    attempts: (n: number) => count(n, 'attempt', 'attempts'),
    nobody: 'Nobody was thought of: the event concerns no one, and no rule names anyone.',
    bundled: 'An import brought this event. Of those, people are told once, by the end of the scan.',
    notYet: 'It has not been decided yet who is told.',
    fault: (text: string) => `It was set aside: ${text}`,
    tree: 'Who was thought of, and what became of each',
    rule: 'See the rules',
  },

  people: {
    title: 'People',
    create: 'New person',
    change: 'Change person',
    name: 'Name',
    email: 'Email',
    password: 'Password',
    newPassword: 'New password',
    passwordHint: '8 characters or more. Without one they cannot sign in yet.',
    keepPassword: 'Leave it empty to keep the one there is.',
    admin: 'Administers the platform',
    adminTag: 'Administrator',
    disabled: 'Account switched off',
    disabledTag: 'Switched off',
    nameNeeded: 'Give a name.',
    emailNeeded: 'Give an email address.',
    search: 'Search name or email',
    noneTitle: 'Nobody is called that',
    noneText: 'Try another part of the name or address.',
  },

  companies: {
    title: 'Companies',
    create: 'New company',
    name: 'Name',
    members: 'Members',
    nobody: 'Nobody belongs to it yet.',
    add: 'Add a person',
    addButton: 'Add',
    role: 'Role',
    roleOf: (name: string) => `Role of ${name}`,
    removeOf: (name: string) => `Remove ${name}`,
    rename: 'Rename',
    nameNeeded: 'Give the company a name.',
    search: 'Search companies',
    emptyTitle: 'No companies yet',
    emptyText: 'A company holds projects, findings and the people who see them.',
    noneTitle: 'No company is called that',
    noneText: 'Try another part of the name.',
    minimal: 'Messages without details',
    minimalOf: (name: string) => `Messages without details: ${name}`,
    minimalHint:
      'Mails, Slack and Teams messages of a company without details tell what kind of thing happened, how severe it is and until when, with a link, but no title, project, place, person or comment. The inbox and webhooks stay as they are.',
  },
} as const;
