/** The calls of managers and administrators: SLA, destinations, rule previews, the audit log. */

import { request } from './http';
import { namesOf, type Answer } from './served';
import type { Channel, ChatTemplate, RuleBody } from './settings';
import type { Page } from './types';
import { at, get, send, type PageAsk, type Signal } from './verbs';

/** Null means the platform's value, 0 no deadline. */
export type SlaDays = Answer<'SlaDays'>;
/** Null means the platform's hours, an empty list no warning. */
export type SlaWarnings = Answer<'SlaWarnings'>;
const company = (id: string) => at('/companies', id);
/** What applies to a company that sets nothing else. */
export type SlaDefaults = Answer<'SlaDefaults'>;
export const slaDefaults = (signal?: Signal) => get<SlaDefaults>('/sla-defaults', {}, signal);
export const slaDays = (id: string, signal?: Signal) => get<SlaDays>(`${company(id)}/sla-days`, {}, signal);
export const setSlaDays = (id: string, body: SlaDays) =>
  send<SlaDays>('PUT', `${company(id)}/sla-days`, body);
export const slaWarnings = (id: string, signal?: Signal) =>
  get<SlaWarnings>(`${company(id)}/sla-warnings`, {}, signal);
export const setSlaWarnings = (id: string, body: SlaWarnings) =>
  send<SlaWarnings>('PUT', `${company(id)}/sla-warnings`, body);

export type DryRun = Answer<'DryRun'>;
export const dryRun = (rule: RuleBody, days: number) =>
  request<DryRun>('/notification-rules/dry-run', { method: 'POST', parameters: { days }, body: rule });

export type WebhookSecret = Answer<'WebhookSecret'>;
const secretsOf = (rule: string) => `${at('/notification-rules', rule)}/webhook-secrets`;
export const webhookSecrets = (rule: string, signal?: Signal) =>
  get<Page<WebhookSecret>>(secretsOf(rule), {}, signal);
export const rotateSecret = (rule: string, url: string, drop_previous: boolean) =>
  send<Page<WebhookSecret>>('POST', `${secretsOf(rule)}/rotate`, { url, drop_previous });

/** The mail server's name among the destinations. */
export const MAIL_SERVER = 'mail server';
/** `recipient_type` is `platform` for the mail server, or an address that it rejected. */
export type Destination = Omit<Answer<'KnownDestination'>, 'recipient_type' | 'template'> & {
  recipient_type: 'url' | 'team' | 'user' | 'platform';
  template: ChatTemplate | null;
};
export type DestinationRow = Destination & { id: string };
export async function destinations(page: PageAsk, signal?: Signal): Promise<Page<DestinationRow>> {
  const answer = await get<Page<Destination>>('/destinations', { ...page }, signal);
  return { ...answer, items: answer.items.map((one) => ({ ...one, id: one.destination_id })) };
}
/** One destination, or all destinations of a channel. */
export type Where = { destination: string } | { channel: Channel };
/** `more`: the same call sends the next ones. */
export type Sent = Answer<'Redelivered'>;
export const redeliverAll = (where: Where, since: string, switch_on: boolean) =>
  send<Sent>('POST', '/deliveries/redeliver', { ...where, since, switch_on });
/** Messages that wait for their next attempt. */
export const sendNow = (where: Where) => send<Sent>('POST', '/deliveries/send-now', where);

export const AUDIT_ACTIONS = namesOf<Answer<'Action'>>({
  'session.started': true,
  'session.refused': true,
  'session.ended': true,
  'user.created': true,
  'user.updated': true,
  'user.deleted': true,
  'company.created': true,
  'company.updated': true,
  'company.deleted': true,
  'member.added': true,
  'member.role_changed': true,
  'member.removed': true,
  'team.created': true,
  'team.updated': true,
  'team.deleted': true,
  'token.created': true,
  'token.deleted': true,
  'settings.changed': true,
  'rule.created': true,
  'rule.updated': true,
  'rule.deleted': true,
  'webhook_secrets.rotated': true,
  'chat.updated': true,
  'destination.tested': true,
  'destination.switched_on': true,
  'destination.redelivered': true,
  'destination.sent_now': true,
  'delivery.redelivered': true,
  'report.exported': true,
  'feed.created': true,
  'feed.deleted': true,
  'finding.deleted': true,
  'import.undone': true,
  'target.retired': true,
  'announcement.created': true,
  'announcement.withdrawn': true,
});
/** The description has no fields of `before` and `after`. */
export type AuditEntry = Omit<Answer<'AuditEntry'>, 'before' | 'after'> &
  Record<'before' | 'after', Record<string, unknown>>;
export interface AuditFilter {
  actor_id?: string;
  action?: string;
  company_id?: string;
  since?: string;
  until?: string;
}
export const audit = (filter: AuditFilter, page: PageAsk, signal?: Signal) =>
  get<Page<AuditEntry>>('/audit', { ...filter, ...page }, signal);

/** A server on the database. */
export type Node = Answer<'Node'>;
export const nodes = (signal?: Signal) => get<{ items: Node[] }>('/nodes', {}, signal);
