/** The English texts of ownership: ownership rules, owners and tags. */

import type { MatchField } from './api/ownership';

const count = (value: number, one: string, many: string): string =>
  `${value.toLocaleString('en')} ${value === 1 ? one : many}`;

export const o = {
  title: 'Ownership',
  hint: 'New and reopened findings without assignees are assigned by the first rule that matches. Existing findings are not reassigned.',
  fallback:
    'When no rule matches, notifications go to the owners of the asset or project, then to the company’s managers.',
  company: 'Company',
  create: 'New rule',
  change: (position: number) => `Edit rule ${String(position)}`,
  rule: (position: number) => `Rule ${String(position)}`,
  edit: (position: number) => `Edit rule ${String(position)}`,
  up: (position: number) => `Move rule ${String(position)} up`,
  down: (position: number) => `Move rule ${String(position)} down`,
  remove: (position: number) => `Delete rule ${String(position)}`,
  movedTo: (position: number) => `Moved to position ${String(position)}.`,
  everything: 'Every finding',
  from: 'From',
  inactive: 'Everyone it names has left. This rule is skipped.',
  shadowed: 'Never applies: a rule above matches every finding.',
  formerUser: 'Former user',
  emptyTitle: 'No ownership rules',
  emptyText: 'Add a rule, or import a CODEOWNERS file.',
  noneTitle: 'No company to manage',
  noneText: 'Managers of a company set its ownership rules.',
  matches: 'Findings to match',
  matchesHint: 'A finding must match every field you fill in. Leave all blank for every finding.',
  fields: {
    path: 'Path',
    tool: 'Tool',
    rule: 'Scanner rule',
    component: 'Component',
    asset: 'Asset',
    tag: 'Tag',
  } as Record<MatchField, string>,
  placeholders: {
    path: 'src/payments/**',
    tool: 'trivy',
    rule: 'CVE-2021-*',
    component: '*log4j*',
    asset: 'Web shop',
    tag: 'pci',
  } as Record<MatchField, string>,
  pathHint:
    'As in CODEOWNERS: * stays within a folder, ** does not. In the other fields, * stands for any text.',
  severity: 'Minimum severity',
  anySeverity: 'Any severity',
  assign: 'Assign to',
  assignNeeded: 'Select at least one person or team.',

  codeowners: {
    open: 'Import CODEOWNERS',
    title: 'Import a CODEOWNERS file',
    hint: 'Paste the file or choose it. @name and email addresses are matched to members of the company, @org/team to its teams.',
    file: 'Choose a file',
    text: 'File contents',
    read: 'Preview',
    back: 'Back',
    found: (n: number) => count(n, 'rule', 'rules'),
    none: 'No line of this file could be converted to a rule.',
    order:
      'In a CODEOWNERS file, the last matching line applies. Here, the first matching rule does, so the order is reversed.',
    unmapped: (n: number) => `${count(n, 'entry', 'entries')} could not be mapped`,
    line: (n: number) => `Line ${String(n)}`,
    how: 'Existing rules',
    append: (n: number) => `Keep the ${count(n, 'existing rule', 'existing rules')} below the imported ones`,
    replace: (n: number) => `Replace the ${count(n, 'existing rule', 'existing rules')}`,
    save: (n: number) => `Save ${count(n, 'rule', 'rules')}`,
    tooLarge: 'This file is too large for a CODEOWNERS file.',
  },

  owners: 'Owners',
  ownersHint: 'Notified about findings that are unassigned and match no ownership rule.',
  noOwners: 'None',
  tags: 'Tags',
  tagsHint: 'Separated by commas.',
  withTag: (tag: string) => `Findings with the tag ${tag}`,
  rulesLink: 'Ownership rules',
} as const;
