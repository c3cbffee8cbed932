/** The calls that the settings make, and their shapes. Apart, so that the first load does not carry them. */

import type { PageAsk } from './calls';
import type { Named, Page, Role, Severity, Team, User } from './types';
import { at, get, remove, send, type Signal } from './verbs';

export const CHANNELS = ['in_app', 'email', 'webhook', 'slack', 'teams'] as const;
export type Channel = (typeof CHANNELS)[number];

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

export interface Chat {
  slack_webhook_url: string | null;
  slack_enabled: boolean;
  teams_webhook_url: string | null;
  teams_enabled: boolean;
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
export const testDestination = (channel: Channel, url: string) =>
  send<TestResult>('POST', '/destinations/test', { channel, url });

export interface FullTeam extends Team {
  company_name: string;
  members: Named[];
  slack_webhook_url: string | null;
  teams_webhook_url: string | null;
}
export interface TeamBody {
  company_id?: string;
  name?: string;
  member_ids?: string[];
  slack_webhook_url?: string | null;
  teams_webhook_url?: string | null;
}
export const teams = (company: string | null, page: PageAsk, signal?: Signal) =>
  get<Page<FullTeam>>('/teams', { company_id: company, ...page }, signal);
export const createTeam = (body: TeamBody) => send<FullTeam>('POST', '/teams', body);
export const changeTeam = (id: string, body: TeamBody) => send<FullTeam>('PATCH', at('/teams', id), body);
export const deleteTeam = (id: string) => remove(at('/teams', id));

export interface Recipients {
  emails: string[];
  user_ids: string[];
  urls: string[];
}
export const WEBHOOK_FORMATS = ['standard', 'cloudevents'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

export interface Rule {
  id: string;
  event_type: string;
  channel: Channel;
  min_severity: Severity | null;
  company_id: string | null;
  recipients: Recipients;
  enabled: boolean;
  /** Of a webhook's body; null on the other channels. */
  format: WebhookFormat | null;
}
export type RuleBody = Partial<Omit<Rule, 'id' | 'recipients'>> & { recipients?: Partial<Recipients> };
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
  'refused',
  'failed',
  'unknown',
  'cancelled',
  'bundled',
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
  /** What the message is about, in words; left out by servers that do not say it yet. */
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
  delivery: DeliveryLog | null;
}
export interface Trace {
  event_id: string;
  event_type: string;
  at: string;
  severity: Severity | null;
  subject: { type: string; id: string };
  bundle: string | null;
  planned_at: string | null;
  fault: string | null;
  entries: TraceEntry[];
}
export const trace = (event: string, signal?: Signal) =>
  get<Trace>(`${at('/events', event)}/trace`, {}, signal);

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
/** `text`: a part of the name or the address. */
export const people = (ask: PageAsk & { text?: string }, signal?: Signal) =>
  get<Page<Person>>('/users', { ...ask }, signal);
export const createPerson = (body: PersonBody) => send<Person>('POST', '/users', body);
export const deletePerson = (id: string) => remove(at('/users', id));
export const changePerson = (id: string, body: PersonBody) => send<Person>('PATCH', at('/users', id), body);

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
