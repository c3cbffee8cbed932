/** A notification rule between the API and its form, and in words. Pure. */

import type { Problem } from '../../api/http';
import type {
  Batch,
  Channel,
  ChatTemplate,
  EventType,
  Rule,
  RuleBody,
  RuleFilters,
  WebhookFormat,
} from '../../api/settings';
import type { FindingStatus, Role, Severity } from '../../api/types';
import { isOf, tagsOf } from '../../format/form';

/** A rule as edited: typed lists are texts. */
export interface RuleForm {
  /** Empty until one is chosen. */
  type: string;
  channel: Channel;
  severity: Severity | '';
  /** Empty for every company. */
  company: string;
  emails: string;
  urls: string;
  users: string[];
  teams: string[];
  roles: Role[];
  owners: boolean;
  followers: boolean;
  projects: string[];
  assets: string[];
  tags: string;
  tools: string;
  statuses: FindingStatus[];
  batch: Batch;
  format: WebhookFormat;
  template: ChatTemplate;
  enabled: boolean;
}

/** Channels that notify users; the others post to the URLs of a rule or, for chats, of teams. */
export const reachesPeople = (channel: Channel): boolean => channel === 'in_app' || channel === 'email';

/** Channels that post to a chat: also to the chats of the teams that a rule names. */
export const isChat = (channel: Channel): boolean => !reachesPeople(channel) && channel !== 'webhook';

export function formOf(rule: Rule | null, company: string): RuleForm {
  return {
    type: rule?.event_type ?? '',
    channel: rule?.channel ?? 'email',
    severity: rule?.min_severity ?? '',
    company: rule ? (rule.company_id ?? '') : company,
    emails: rule?.recipients.emails.join('\n') ?? '',
    urls: rule?.recipients.urls.join('\n') ?? '',
    users: rule?.recipients.user_ids ?? [],
    teams: rule?.recipients.team_ids ?? [],
    roles: rule?.recipients.roles ?? [],
    owners: rule?.recipients.owners ?? false,
    followers: rule?.recipients.followers ?? false,
    projects: rule?.filters.project_ids ?? [],
    assets: rule?.filters.asset_ids ?? [],
    tags: rule?.filters.tags?.join(', ') ?? '',
    tools: rule?.filters.tools?.join(', ') ?? '',
    statuses: rule?.filters.statuses ?? [],
    batch: rule?.batch ?? 'import',
    format: rule?.format ?? 'standard',
    template: rule?.template ?? 'mattermost',
    enabled: rule?.enabled ?? true,
  };
}

/** The entries of a text, one per line or separated by commas. */
export const lines = (text: string): string[] =>
  text
    .split(/[\n,]/)
    .map((one) => one.trim())
    .filter(Boolean);

/** The channels that can send events of a type; all of them while the type is unknown. */
export const channelsOf = (kind: EventType | undefined, all: readonly Channel[]): Channel[] =>
  all.filter((one) => kind === undefined || kind.channels.includes(one));

function filtersOf(form: RuleForm): RuleFilters {
  const filters: RuleFilters = {};
  // Projects and assets belong to one company.
  if (form.company !== '' && form.projects.length > 0) filters.project_ids = form.projects;
  if (form.company !== '' && form.assets.length > 0) filters.asset_ids = form.assets;
  const [tags, tools] = [tagsOf(form.tags), tagsOf(form.tools)];
  if (tags.length > 0) filters.tags = tags;
  if (tools.length > 0) filters.tools = tools;
  if (form.statuses.length > 0) filters.statuses = form.statuses;
  return filters;
}

/** The rule of a form; what the channel cannot use is left out. */
export function bodyOf(form: RuleForm, kind: EventType | undefined): RuleBody {
  const people = reachesPeople(form.channel);
  const teams = people || isChat(form.channel);
  return {
    event_type: form.type,
    channel: form.channel,
    min_severity: (kind?.severity ?? true) && form.severity !== '' ? form.severity : null,
    company_id: form.company === '' ? null : form.company,
    recipients: {
      emails: form.channel === 'email' ? lines(form.emails) : [],
      user_ids: people ? form.users : [],
      team_ids: teams ? form.teams : [],
      roles: people ? form.roles : [],
      owners: teams && form.owners,
      followers: people && form.followers,
      urls: people ? [] : lines(form.urls),
    },
    filters: filtersOf(form),
    enabled: form.enabled,
    ...(form.channel === 'webhook' ? { format: form.format, batch: form.batch } : {}),
    ...(form.channel === 'chat' ? { template: form.template } : {}),
  };
}

/** How many filters a rule has; an empty list does not count. */
export const filterCount = (filters: RuleFilters): number =>
  Object.values(filters).filter((values: string[] | undefined) => (values ?? []).length > 0).length;

/** Whether a rule has no destination: no URL or team, on a channel that notifies nobody else. */
export const hasNoDestination = (form: RuleForm): boolean =>
  !reachesPeople(form.channel) &&
  lines(form.urls).length === 0 &&
  !(isChat(form.channel) && (form.owners || form.teams.length > 0));

/** Whether any of these fields has an error. */
export const isWrong = (problem: Problem | null, ...fields: string[]): boolean =>
  (problem?.errors ?? []).some(({ field }) => fields.some((shown) => isOf(field, shown)));
