/** The English texts of one's own account: profile, tokens and calendar feeds. */

export const a = {
  profile: {
    title: 'Profile',
    emailHint: 'An administrator can change name and address.',
    roles: 'What you may do',
    admin: 'Administrator of the platform',
    adminHint: 'sees and changes everything, in every company',
    noCompany: 'You belong to no company yet. An administrator can add you.',
    looks: 'Theme',
    looksHint: 'It holds for this browser.',
  },

  access: {
    title: 'API tokens',
    tokens: 'API tokens',
    tokensHint:
      'For scripts and pipelines. A token may do what you may, until it ends or you revoke it. It is sent as',
    name: 'Name',
    namePlaceholder: 'Nightly import',
    nameNeeded: 'Give the token a name, to know it again.',
    expires: 'Ends',
    expiries: [
      { label: 'After 30 days', days: 30 },
      { label: 'After 90 days', days: 90 },
      { label: 'After a year', days: 365 },
      { label: 'Never', days: null },
    ],
    make: 'Make a token',
    made: 'Copy this token now: it is not shown again. Keep it like a password.',
    token: 'Token',
    noTokens: 'You have no tokens.',
    created: 'Made',
    used: 'Last used',
    neverUsed: 'never used',
    ends: 'Ends',
    ended: 'Ended',
    neverEnds: 'Never ends',
    revokeOf: (name: string) => `Revoke the token ${name}`,
  },

  feeds: {
    title: 'Calendar feeds',
    make: 'New feed',
  },

  copy: 'Copy',
  copied: 'Copied',
  revoke: 'Revoke',
  reallyRevoke: 'Really revoke?',
} as const;
