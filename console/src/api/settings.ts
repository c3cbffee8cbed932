/** The calls of the settings and their shapes. Separate, to keep them out of the first load. */

import type { PageAsk } from './calls';
import type { FindingStatus, Named, Page, Role, Severity, Team, User } from './types';
import { at, get, remove, send, type Signal } from './verbs';

export const CHANNELS = ['in_app', 'email', 'webhook', 'slack', 'teams', 'chat'] as const;
export type Channel = (typeof CHANNELS)[number];

/** The payload templates of a chat webhook. */
export const CHAT_TEMPLATES = ['mattermost', 'google_chat', 'discord', 'ntfy'] as const;
export type ChatTemplate = (typeof CHAT_TEMPLATES)[number];

export interface EventType {
  type: string;
  category: string;
  summary: string;
  severity: boolean;
  notifies: boolean;
  channels: Channel[];
}
export const eventTypes = (signal?: Signal) => get<Page<EventType>>('/event-types', {}, signal);

/** Every `event_type:channel`, on or off. */
export type Preferences = Record<string, boolean>;
export const preferences = (signal?: Signal) => get<Preferences>('/me/notification-preferences', {}, signal);
export const setPreferences = (change: Preferences) =>
  send<Preferences>('PUT', '/me/notification-preferences', change);

/** The ways one cell of the matrix can be reached. */
export interface CellSources {
  possible: boolean;
  sources: { kind: string; rule_id: string | null; text: string }[];
}
export const notificationSources = (signal?: Signal) =>
  get<Record<string, CellSources>>('/me/notification-sources', {}, signal);

/** The chat channels of a user or a team. */
export const CHATS = ['slack', 'teams', 'chat'] as const;
export type ChatChannel = (typeof CHATS)[number];

export interface Chat {
  slack_webhook_url: string | null;
  slack_enabled: boolean;
  teams_webhook_url: string | null;
  teams_enabled: boolean;
  chat_webhook_url: string | null;
  chat_enabled: boolean;
  chat_template: ChatTemplate | null;
}
export const chat = (signal?: Signal) => get<Chat>('/me/chat', {}, signal);
export const setChat = (change: Partial<Chat>) => send<Chat>('PUT', '/me/chat', change);

export interface TestResult {
  delivered: boolean;
  outcome: string;
  reason: string;
  answer: string;
  status: number | null;
}
/** `template` belongs to a chat webhook. */
export const testDestination = (channel: Channel, url: string, template?: ChatTemplate) =>
  send<TestResult>('POST', '/destinations/test', { channel, url, ...(template ? { template } : {}) });
/** The id of a saved destination. */
export const testStored = (destination: string) =>
  send<TestResult>('POST', '/destinations/test', { destination });

export interface FullTeam extends Team {
  company_name: string;
  members: Named[];
  slack_webhook_url: string | null;
  teams_webhook_url: string | null;
  chat_webhook_url: string | null;
  chat_template: ChatTemplate | null;
  chat: TeamChat;
}
/** Which events the chat channels of a team get. */
export interface TeamChat {
  /** Null for the default. */
  event_types: string[] | null;
  min_severity: Severity | null;
}
export interface TeamBody {
  company_id?: string;
  name?: string;
  member_ids?: string[];
  slack_webhook_url?: string | null;
  teams_webhook_url?: string | null;
  chat_webhook_url?: string | null;
  chat_template?: ChatTemplate | null;
  chat?: TeamChat;
}
export const teams = (company: string | null, page: PageAsk, signal?: Signal) =>
  get<Page<FullTeam>>('/teams', { company_id: company, ...page }, signal);
export const createTeam = (body: TeamBody) => send<FullTeam>('POST', '/teams', body);
export const changeTeam = (id: string, body: TeamBody) => send<FullTeam>('PATCH', at('/teams', id), body);
export const deleteTeam = (id: string) => remove(at('/teams', id));

export interface Recipients {
  emails: string[];
  user_ids: string[];
  team_ids: string[];
  /** Roles in the event's company. */
  roles: Role[];
  owners: boolean;
  followers: boolean;
  urls: string[];
}
export interface RuleFilters {
  project_ids?: string[];
  asset_ids?: string[];
  tags?: string[];
  tools?: string[];
  statuses?: FindingStatus[];
}
export const WEBHOOK_FORMATS = ['standard', 'cloudevents'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];
export const BATCHES = ['import', 'event'] as const;
export type Batch = (typeof BATCHES)[number];

export interface Rule {
  id: string;
  event_type: string;
  channel: Channel;
  min_severity: Severity | null;
  company_id: string | null;
  recipients: Recipients;
  filters: RuleFilters;
  /** Webhooks only: one post per import, or one per event. */
  batch: Batch;
  enabled: boolean;
  /** Why a platform update turned it off, if one did. */
  disabled_reason: string | null;
  /** The payload format of a webhook; null on other channels. */
  format: WebhookFormat | null;
  /** The template of a chat webhook; null on other channels. */
  template: ChatTemplate | null;
}
export type RuleBody = Partial<Omit<Rule, 'id' | 'recipients' | 'disabled_reason'>> & {
  recipients?: Partial<Recipients>;
};
export const rules = (page: PageAsk, signal?: Signal) =>
  get<Page<Rule>>('/notification-rules', { ...page }, signal);
export const createRule = (body: RuleBody) => send<Rule>('POST', '/notification-rules', body);
export const changeRule = (id: string, body: RuleBody) =>
  send<Rule>('PATCH', at('/notification-rules', id), body);
export const deleteRule = (id: string) => remove(at('/notification-rules', id));

export const DELIVERY_STATES = [
  'pending',
  'sending',
  'delivered',
  'written',
  'refused',
  'failed',
  'unknown',
  'cancelled',
  'bundled',
  'set_aside',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];
export interface Delivery {
  id: string;
  event_id: string;
  event_type: string;
  channel: Channel;
  recipient_type: string;
  recipient: string;
  company_id: string | null;
  /** What the message is about, in words; older servers leave it out. */
  subject?: { type: string; id: string } | null;
  title?: string | null;
  company_name?: string | null;
  destination: string;
  state: DeliveryState;
  reason: string | null;
  attempt_count: number;
  next_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface Attempt {
  number: number;
  started_at: string;
  ended_at: string | null;
  outcome: string | null;
  status: number | null;
  answer: string | null;
  reason: string | null;
}
export interface DeliveryLog extends Delivery {
  attempts: Attempt[];
}
export const deliveries = (filter: { state?: string; channel?: string }, page: PageAsk, signal?: Signal) =>
  get<Page<Delivery>>('/deliveries', { ...filter, ...page }, signal);
export const delivery = (id: string, signal?: Signal) => get<DeliveryLog>(at('/deliveries', id), {}, signal);
export const redeliver = (id: string) => send<DeliveryLog>('POST', `${at('/deliveries', id)}/redeliver`);

export interface TraceEntry {
  channel: Channel;
  recipient_type: string;
  recipient: string;
  name: string | null;
  told: boolean;
  reason: string;
  explanation: string;
  rule_id: string | null;
  /** The team through which the person was considered, as one of its members. */
  team_id: string | null;
  delivery: DeliveryLog | null;
}
/** What is known about an event without asking about a person. */
interface TraceHead {
  event_id: string;
  event_type: string;
  at: string;
  company_id: string | null;
  severity: Severity | null;
  subject: { type: string; id: string };
  /** The scan or bulk change that the event belongs to. */
  bundle: string | null;
  planned_at: string | null;
  fault: string | null;
  /** The import or bulk change it is sent with: one message per recipient. */
  group: TraceGroup | null;
  entries: TraceEntry[];
}
export interface TraceGroup {
  type: 'import' | 'bulk';
  /** The scan, for an import. */
  id: string;
  /** The event that completed it. */
  event_id: string | null;
  /** Whether its messages have been planned. */
  closed: boolean;
}
export interface Trace extends TraceHead {
  /** The outcome, in one sentence. */
  summary: string;
}
export const trace = (event: string, signal?: Signal) =>
  get<Trace>(`${at('/events', event)}/trace`, {}, signal);

/** For one event and one person: whether they were notified, and why or why not. */
export interface PersonTrace extends TraceHead {
  user_id: string;
  name: string;
  notified: boolean;
  sentence: string;
}
/** `me` for the caller, which every user may ask. */
export const traceOf = (event: string, user: string, signal?: Signal) =>
  get<PersonTrace>(`${at('/events', event)}/trace`, { user_id: user }, signal);

export interface Person extends User {
  is_admin: boolean;
  disabled: boolean;
  created_at: string;
}
export interface PersonBody {
  email?: string;
  name?: string;
  password?: string;
  is_admin?: boolean;
  disabled?: boolean;
}
/** `text`: part of a name or email address. */
export const people = (ask: PageAsk & { text?: string; company_id?: string }, signal?: Signal) =>
  get<Page<Person>>('/users', { ...ask }, signal);
export const createPerson = (body: PersonBody) => send<Person>('POST', '/users', body);
export const deletePerson = (id: string) => remove(at('/users', id));
export const changePerson = (id: string, body: PersonBody) => send<Person>('PATCH', at('/users', id), body);

/** What a user can sign in or authenticate with. */
export interface Credential {
  id: string;
  kind: 'session' | 'token' | 'feed';
  name: string | null;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  address: string | null;
  user_agent: string | null;
}
export const credentials = (person: string, page: PageAsk, signal?: Signal) =>
  get<Page<Credential>>(`${at('/users', person)}/credentials`, { ...page }, signal);
export const endCredential = (person: string, id: string) =>
  remove(`${at('/users', person)}${at('/credentials', id)}`);
export const endCredentials = (person: string) => remove(`${at('/users', person)}/credentials`);

export interface Company extends Named {
  minimal_messages: boolean;
  created_at: string;
}
export interface Member {
  user_id: string;
  name: string;
  email: string;
  role: Role;
}
export interface CompanyDetail extends Company {
  members: Member[];
}
export const companies = (ask: PageAsk & { text?: string }, signal?: Signal) =>
  get<Page<Company>>('/companies', { ...ask }, signal);
export const company = (id: string, signal?: Signal) => get<CompanyDetail>(at('/companies', id), {}, signal);
export const createCompany = (name: string) => send<Company>('POST', '/companies', { name });
export const changeCompany = (id: string, body: { name?: string; minimal_messages?: boolean }) =>
  send<Company>('PATCH', at('/companies', id), body);
export const deleteCompany = (id: string) => remove(at('/companies', id));
export const setMember = (company: string, user: string, role: Role) =>
  send<Member>('PUT', `${at('/companies', company)}${at('/members', user)}`, { role });
export const removeMember = (company: string, user: string) =>
  remove(`${at('/companies', company)}${at('/members', user)}`);
