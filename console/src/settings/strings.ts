/** The English texts that several sections of the settings share. */

import type { Channel, ChatTemplate } from '../api/settings';
import type { Role } from '../api/types';

export const channelNames: Record<Channel, string> = {
  in_app: 'Inbox',
  email: 'Email',
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Teams',
  chat: 'Chat webhook',
};

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

export const settingsTexts = {
  sections: 'Settings',
  yours: 'My settings',
  ofCompanies: 'Companies',
  administration: 'Administration',
  remove: 'Remove',
  edit: (name: string) => `Edit ${name}`,
  saved: 'Saved',
} as const;

export const chatTexts = {
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
} as const;

export const templateNames: Record<ChatTemplate, string> = {
  mattermost: 'Mattermost',
  google_chat: 'Google Chat',
  discord: 'Discord',
  ntfy: 'ntfy',
};
