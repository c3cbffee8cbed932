/** The English texts of the settings. Separate from strings.ts, to keep them out of the first load. */

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
  chat: 'Chat webhook',
};

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

export const roleNames: Record<Role, string> = { viewer: 'Viewer', analyst: 'Analyst', manager: 'Manager' };
export const roleHints: Record<Role, string> = {
  viewer: 'can view',
  analyst: 'works on findings, imports scan reports',
  manager: 'manages projects and teams',
};

const recipientTypes: Record<string, string> = {
  user: 'Person',
  team: 'Team',
  address: 'Address',
  url: 'URL of a rule',
};
export const recipientName = (type: string): string => recipientTypes[type] ?? type;

/** For recipients that the caller may not see. */
export const hiddenName = (type: string): string =>
  type === 'user' ? 'Someone outside your companies' : 'Recipient of a platform-wide rule';

const reasons: Record<string, string> = {
  rule: 'A rule names this recipient.',
  team: 'The team is responsible.',
  personal: 'Assigned, with a personal chat turned on.',
  assignee: 'The finding is assigned to them.',
  ownership_rule: 'An ownership rule names them, and nobody is assigned.',
  owner: 'They own the project or asset, and nobody is assigned.',
  manager: 'They manage the company, and nobody else is responsible.',
  administrator: 'They administer the platform, and nobody else is responsible.',
  concerned: 'The event is addressed to them.',
  follower: 'They follow this record.',
  team_member: 'A member of a responsible team that has no chat channel.',
  role: 'A rule names their role in the company.',
  no_rule: 'No rule turns this channel on for such events.',
  opted_out: 'They turned it off in their preferences.',
  own_act: 'They did it themselves.',
  team_settings: 'The team’s chat settings leave it out.',
  out_of_scope: 'They have no access to the company of this event.',
  disabled: 'Account disabled.',
  unknown: 'This person or team no longer exists.',
  duplicate: 'Already notified of this event there.',
  team_channel: 'Through the team’s channel only.',
  below_threshold: 'Below the rule’s minimum severity.',
  filtered: 'A filter of the rule leaves it out.',
  nobody: 'Nobody is responsible, and the rule names nobody.',
  in_group: 'Included in a message about the import or bulk change.',
  no_destination: 'No URL is saved for this channel.',
  written: 'Written to a file, because no mail server is set up.',
  gone: 'The destination was changed or removed before the message was sent.',
  set_aside: 'Quarantined: this version of the server cannot read the message.',
  sealed: 'The secret key cannot decrypt this URL.',
  switched_off:
    'The destination rejected messages and is turned off until its URL is saved again or a test is delivered.',
};
/** The same, addressed to the person. */
const ownReasons: Record<string, string> = {
  personal: 'Assigned, with your personal chat turned on.',
  assignee: 'The finding is assigned to you.',
  ownership_rule: 'An ownership rule names you, and nobody is assigned.',
  owner: 'You own the project or asset, and nobody is assigned.',
  manager: 'You manage the company, and nobody else is responsible.',
  administrator: 'You administer the platform, and nobody else is responsible.',
  concerned: 'The event is addressed to you.',
  follower: 'You follow this record.',
  role: 'A rule names your role in the company.',
  opted_out: 'You turned it off in your preferences.',
  own_act: 'You did it yourself.',
  out_of_scope: 'You have no access to the company of this event.',
};

/** Why someone is notified or not: in the console's words, or in the server's where it knows more. */
export const reasonText = (reason: string, explanation: string, own = false): string =>
  (own ? ownReasons[reason] : undefined) ?? reasons[reason] ?? explanation;

export const s = {
  sections: 'Settings',
  yours: 'My settings',
  ofCompanies: 'Companies',
  administration: 'Administration',
  save: 'Save',
  remove: 'Remove',
  delete: 'Delete',
  reallyDelete: 'Delete? Click again',
  edit: (name: string) => `Edit ${name}`,
  saved: 'Saved',

  grid: {
    title: 'Notifications',
    hint: 'Choose what you’re notified about, and where. Saved immediately; the arrow keys move through the grid.',
    event: 'Event',
    cell: (event: string, channel: string) => `${event}: ${channel}`,
    idleCell: (event: string, channel: string) => `${event}: ${channel}, cannot reach you yet`,
    noRule: 'No rule yet: nothing arrives this way.',
    legend: 'Faded boxes have no effect yet: no rule sends these events there. Select an event to see why.',
    why: 'How this reaches you',
    whole: 'All',
    all: (channel: string) => `All ${channel}`,
    chat: 'Slack, Teams and chat here are your personal chats, once you have set them up under',
    show: 'Show',
    reachable: 'Can reach me',
    everything: 'All events',
    own: 'Notify me about my own actions',
    ownHint: 'What you do yourself is left out unless you turn this on.',
  },

  chat: {
    title: 'Personal chat',
    names: { slack: 'Slack', teams: 'Microsoft Teams', chat: 'Another chat' },
    hint: 'Messages to a chat of your own, in addition to your team’s channel. You choose which events go there under',
    template: 'Chat service',
    url: 'Incoming webhook URL',
    stored: (masked: string) => `Saved: ${masked}`,
    none: 'No URL saved.',
    replace: 'Paste a URL to replace it',
    paste: 'Paste the URL here',
    where: {
      slack: 'In Slack: create an app, enable Incoming Webhooks, add one for the channel, and copy its URL.',
      teams:
        'In Teams: channel ⋯ → Workflows → “Post to a channel when a webhook request is received”, and copy its URL.',
      chat: 'Create an incoming webhook in Mattermost, Google Chat or Discord, or a topic in ntfy, and paste its URL.',
    },
    enabled: 'Send messages there',
    enabledHint: 'Turns on assignments, SLA and retests. Adjust them under Notifications.',
    off: 'A URL is saved, but messages are turned off.',
    on: 'Messages are sent there.',
    test: 'Send a test',
    testing: 'Sending a test',
    delivered: 'Test delivered.',
    written: 'Written to a file: no mail server is set up.',
    notDelivered: (reason: string) => `Test not delivered: ${reason}`,
    what: 'Preview',
    example: 'Finding assigned: SQL injection in the order search',
    exampleText: 'Critical · Web shop · assigned by Mara Manager, with a link to the finding here.',
  },

  teams: {
    title: 'Teams',
    hint: 'An assigned team gets one post in each of its chat channels. A team without one has its members notified in the inbox and by email instead.',
    create: 'New team',
    change: 'Edit team',
    name: 'Name',
    company: 'Company',
    members: 'Members',
    noMembers: 'No members yet',
    count: (n: number) => count(n, 'member', 'members'),
    nameNeeded: 'Enter a team name.',
    emptyTitle: 'No teams yet',
    emptyText: 'Teams share findings and one chat channel.',
    slack: 'Slack webhook URL',
    teams: 'Microsoft Teams webhook URL',
    chat: 'Chat webhook URL',
    membersInstead: 'No channel: members are notified',
    gets: 'What its channels get',
    standard: 'Default',
    standardText: 'Assignments, SLA, retests, reopened findings and import summaries.',
    custom: 'Selected events',
    events: 'Events',
    eventsNeeded: 'Select at least one event, or choose the default.',
    severity: 'Minimum severity',
    anySeverity: 'Any severity',
    severityHint: 'Events without a severity are always posted.',
  },

  deliveries: {
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
  },

  trace: {
    title: 'Who was notified, and why',
    back: 'Back',
    link: 'Who was notified?',
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
  },

  why: {
    title: 'Why did I get this?',
    change: 'Change what you’re notified about',
    goneTitle: 'No longer available',
    goneText: 'The event was deleted, or you no longer have access to it.',
  },

  people: {
    title: 'Users',
    create: 'New user',
    change: 'Edit user',
    name: 'Name',
    email: 'Email',
    password: 'Password',
    newPassword: 'New password',
    passwordHint:
      'At least 12 characters of any kind, including spaces. Common passwords and the email address are not accepted. Without a password, they cannot sign in yet.',
    keepPassword:
      'Leave blank to keep the current password. A new one needs at least 12 characters and revokes all sessions, API tokens and calendar feeds.',
    ownPassword: 'Change your own password under Profile.',
    admin: 'Platform administrator',
    adminTag: 'Administrator',
    disabled: 'Account disabled',
    disabledTag: 'Disabled',
    nameNeeded: 'Enter a name.',
    emailNeeded: 'Enter an email address.',
    search: 'Search name or email',
    noneTitle: 'No users found',
    noneText: 'Try another part of the name or address.',
  },

  credentials: {
    title: 'Sessions, API tokens and calendar feeds',
    none: 'None.',
    kinds: { session: 'Session', token: 'API token', feed: 'Calendar feed' },
    unnamed: 'Unnamed',
    created: 'Created',
    lastUsed: 'last used',
    neverUsed: 'never used',
    from: (address: string) => `from ${address}`,
    end: 'Revoke',
    reallyEnd: 'Revoke? Click again',
    endOf: (what: string) => `Revoke: ${what}`,
    endAll: 'Revoke all',
    reallyEndAll: 'Revoke all? Click again',
  },

  companies: {
    title: 'Companies',
    create: 'New company',
    name: 'Name',
    members: 'Members',
    nobody: 'No members yet.',
    add: 'Add a member',
    addButton: 'Add',
    role: 'Role',
    roleOf: (name: string) => `Role of ${name}`,
    removeOf: (name: string) => `Remove ${name}`,
    rename: 'Rename',
    nameNeeded: 'Enter a company name.',
    search: 'Search companies',
    emptyTitle: 'No companies yet',
    emptyText: 'A company contains projects, findings and the people who can see them.',
    noneTitle: 'No companies found',
    noneText: 'Try another part of the name.',
    minimal: 'Hide details in outgoing messages',
    minimalOf: (name: string) => `Hide details in outgoing messages: ${name}`,
    minimalHint:
      'With details hidden, email, Slack and Teams messages show only the event type, severity, deadline and a link: no title, project, location, people or comments. The inbox and webhooks are not affected.',
  },
} as const;
