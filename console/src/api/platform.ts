/** The calls of managers and administrators: SLA, destinations, rule previews, the audit log. */

import type { PageAsk } from './calls';
import { request } from './http';
import type { Channel, ChatTemplate, RuleBody } from './settings';
import type { Named, Page, Severity } from './types';
import { at, get, send, type Signal } from './verbs';

/** Null means the platform's value, 0 no deadline. */
export type SlaDays = Record<Severity, number | null>;
/** Null means the platform's hours, an empty list no warning. */
export interface SlaWarnings {
  hours: number[] | null;
}
const company = (id: string) => at('/companies', id);
/** What applies to a company that sets nothing else. */
export interface SlaDefaults {
  days: Record<Severity, number>;
  warning_hours: number[];
}
export const slaDefaults = (signal?: Signal) => get<SlaDefaults>('/sla-defaults', {}, signal);
export const slaDays = (id: string, signal?: Signal) => get<SlaDays>(`${company(id)}/sla-days`, {}, signal);
export const setSlaDays = (id: string, body: SlaDays) =>
  send<SlaDays>('PUT', `${company(id)}/sla-days`, body);
export const slaWarnings = (id: string, signal?: Signal) =>
  get<SlaWarnings>(`${company(id)}/sla-warnings`, {}, signal);
export const setSlaWarnings = (id: string, body: SlaWarnings) =>
  send<SlaWarnings>('PUT', `${company(id)}/sla-warnings`, body);

export interface DryRun {
  /** Every day, including those without a message. */
  days: { date: string; messages: number }[];
  events: number;
  messages: number;
  recipients: { recipient: string; recipient_type: string; name: string | null; messages: number }[];
  /** How many events and recipients the rule leaves out, by reason, most frequent first. */
  not_sent: { reason: string; explanation: string; count: number }[];
  from: string;
  to: string;
  truncated: boolean;
}
export const dryRun = (rule: RuleBody, days: number) =>
  request<DryRun>('/notification-rules/dry-run', { method: 'POST', parameters: { days }, body: rule });

export interface WebhookSecret {
  url: string;
  secret: string;
  rotated_at: string | null;
  previous: { secret: string; until: string } | null;
}
const secretsOf = (rule: string) => `${at('/notification-rules', rule)}/webhook-secrets`;
export const webhookSecrets = (rule: string, signal?: Signal) =>
  get<Page<WebhookSecret>>(secretsOf(rule), {}, signal);
export const rotateSecret = (rule: string, url: string, drop_previous: boolean) =>
  send<Page<WebhookSecret>>('POST', `${secretsOf(rule)}/rotate`, { url, drop_previous });

/** The mail server's name among the destinations. */
export const MAIL_SERVER = 'mail server';
export interface Destination {
  /** `platform`: the mail server, or an address that it rejected. */
  recipient_type: 'url' | 'team' | 'user' | 'platform';
  recipient: string;
  rule_id: string | null;
  name: string | null;
  company_id: string | null;
  channel: Channel;
  destination: string;
  template: ChatTemplate | null;
  wanted: boolean;
  on: boolean;
  /** Whether the secret key decrypts its URL; until it does, messages wait. */
  opens: boolean;
  off_at: string | null;
  off_reason: string | null;
  refusals: number;
  /** Since when messages to it have failed, without a delivery in between. */
  failing_since: string | null;
  last_success_at: string | null;
  last_status: number | null;
  /** Over its last attempts, about a thousand; from 0 to 1. */
  success_rate: number | null;
  latency_ms: number | null;
  destination_id: string;
}
export type DestinationRow = Destination & { id: string };
export async function destinations(page: PageAsk, signal?: Signal): Promise<Page<DestinationRow>> {
  const answer = await get<Page<Destination>>('/destinations', { ...page }, signal);
  return { ...answer, items: answer.items.map((one) => ({ ...one, id: one.destination_id })) };
}
/** One destination, or all destinations of a channel. */
export type Where = { destination: string } | { channel: Channel };
export interface Sent {
  count: number;
  /** There are more: the same call sends the next ones. */
  more: boolean;
}
export const redeliverAll = (where: Where, since: string, switch_on: boolean) =>
  send<Sent>('POST', '/deliveries/redeliver', { ...where, since, switch_on });
/** Messages that wait for their next attempt. */
export const sendNow = (where: Where) => send<Sent>('POST', '/deliveries/send-now', where);

/** The server's `Action` table; schema.check.ts compares them. */
export const AUDIT_ACTIONS = [
  'session.started',
  'session.refused',
  'session.ended',
  'user.created',
  'user.updated',
  'user.deleted',
  'company.created',
  'company.updated',
  'company.deleted',
  'member.added',
  'member.role_changed',
  'member.removed',
  'team.created',
  'team.updated',
  'team.deleted',
  'token.created',
  'token.deleted',
  'settings.changed',
  'rule.created',
  'rule.updated',
  'rule.deleted',
  'webhook_secrets.rotated',
  'chat.updated',
  'destination.tested',
  'destination.switched_on',
  'destination.redelivered',
  'destination.sent_now',
  'delivery.redelivered',
  'report.exported',
  'feed.created',
  'feed.deleted',
  'finding.deleted',
  'import.undone',
  'target.retired',
  'announcement.created',
  'announcement.withdrawn',
] as const;
export interface AuditEntry {
  id: string;
  at: string;
  action: string;
  actor: Named | null;
  credential: string | null;
  address: string | null;
  subject_type: string;
  subject_id: string | null;
  subject_name: string;
  company_id: string | null;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}
export interface AuditFilter {
  actor_id?: string;
  action?: string;
  company_id?: string;
  since?: string;
  until?: string;
}
export const audit = (filter: AuditFilter, page: PageAsk, signal?: Signal) =>
  get<Page<AuditEntry>>('/audit', { ...filter, ...page }, signal);
