/** The calls of the settings and their shapes. Separate, to keep them out of the first load. */

import { namesOf, type Answer, type Bodies } from './served';
import type { FindingStatus, Page, Role } from './types';
import { at, get, remove, send, type PageAsk, type Signal } from './verbs';

export type Channel = Answer<'Channel'>;
export const CHANNELS = namesOf<Channel>({
  in_app: true,
  email: true,
  webhook: true,
  slack: true,
  teams: true,
  chat: true,
});

/** The payload templates of a chat webhook. */
export type ChatTemplate = Answer<'TemplateName'>;

export type EventType = Answer<'EventType'>;
export const eventTypes = (signal?: Signal) => get<Page<EventType>>('/event-types', {}, signal);

/** Every `event_type:channel`, on or off. */
export type Preferences = Record<string, boolean>;
export const preferences = (signal?: Signal) => get<Preferences>('/me/notification-preferences', {}, signal);
export const setPreferences = (change: Preferences) =>
  send<Preferences>('PUT', '/me/notification-preferences', change);

/** The ways one cell of the matrix can be reached. */
export type CellSources = Answer<'NotificationCell'>;
export const notificationSources = (signal?: Signal) =>
  get<Record<string, CellSources>>('/me/notification-sources', {}, signal);

/** The chat channels of a user or a team. */
export const CHATS = ['slack', 'teams', 'chat'] as const;
export type ChatChannel = (typeof CHATS)[number];

export type Chat = Answer<'OwnChats'>;
export const chat = (signal?: Signal) => get<Chat>('/me/chat', {}, signal);
export const setChat = (change: Partial<Chat>) => send<Chat>('PUT', '/me/chat', change);

export type TestResult = Answer<'TestResult'>;
/** `template` belongs to a chat webhook. */
export const testDestination = (channel: Channel, url: string, template?: ChatTemplate) =>
  send<TestResult>('POST', '/destinations/test', { channel, url, ...(template ? { template } : {}) });
/** The id of a saved destination. */
export const testStored = (destination: string) =>
  send<TestResult>('POST', '/destinations/test', { destination });

export type FullTeam = Omit<Answer<'Team'>, 'chat'> & { chat: TeamChat };
/** Which events the chat channels of a team get, of the types that the server lists; null for the default. */
export type TeamChat = Omit<Answer<'TeamChat'>, 'event_types'> & { event_types: string[] | null };
export type TeamBody = Omit<Bodies<'NewTeam', 'TeamChange'>, 'chat'> & { chat?: TeamChat };
export const teams = (company: string | null, page: PageAsk, signal?: Signal) =>
  get<Page<FullTeam>>('/teams', { company_id: company, ...page }, signal);
export const createTeam = (body: TeamBody) => send<FullTeam>('POST', '/teams', body);
export const changeTeam = (id: string, body: TeamBody) => send<FullTeam>('PATCH', at('/teams', id), body);
export const deleteTeam = (id: string) => remove(at('/teams', id));

/** `roles`: in the event's company. */
export type Recipients = Answer<'RuleRecipients'>;
/** Empty filters are left out; the description has any text for a status. */
export type RuleFilters = Partial<Omit<Answer<'RuleFilters'>, 'statuses'> & { statuses: FindingStatus[] }>;
export type WebhookFormat = Answer<'WebhookFormat'>;
export type Batch = Answer<'RuleBatch'>;

/**
 * `batch`: webhooks only, one post per import, or one per event. `disabled_reason`: why a platform update
 * turned it off. `format` is of a webhook, `template` of a chat webhook; null on other channels.
 */
export type Rule = Omit<Answer<'NotificationRule'>, 'filters' | 'template'> & {
  filters: RuleFilters;
  template: ChatTemplate | null;
};
export type RuleBody = Omit<Bodies<'NewRule', 'RuleChange'>, 'event_type' | 'filters'> & {
  event_type?: string;
  filters?: RuleFilters;
};
export const rules = (page: PageAsk, signal?: Signal) =>
  get<Page<Rule>>('/notification-rules', { ...page }, signal);
export const createRule = (body: RuleBody) => send<Rule>('POST', '/notification-rules', body);
export const changeRule = (id: string, body: RuleBody) =>
  send<Rule>('PATCH', at('/notification-rules', id), body);
export const deleteRule = (id: string) => remove(at('/notification-rules', id));

export type DeliveryState = Answer<'DeliveryState'>;
export type Delivery = Answer<'Delivery'>;
export type Attempt = Answer<'AttemptLog'>;
export type DeliveryLog = Answer<'DeliveryLog'>;
export const deliveries = (filter: { state?: string; channel?: string }, page: PageAsk, signal?: Signal) =>
  get<Page<Delivery>>('/deliveries', { ...filter, ...page }, signal);
export const delivery = (id: string, signal?: Signal) => get<DeliveryLog>(at('/deliveries', id), {}, signal);
export const redeliver = (id: string) => send<DeliveryLog>('POST', `${at('/deliveries', id)}/redeliver`);

/** `team_id`: the team through which the person was considered, as one of its members. */
export type TraceEntry = Answer<'TraceEntry'>;
/** The description has no fields of `subject`, and any text for the type of a group. */
type Traced<Name extends 'Trace' | 'PersonTrace'> = Omit<Answer<Name>, 'subject' | 'group'> & {
  subject: { type: string; id: string };
  group: TraceGroup | null;
};
/** The import (`id` is its scan) or bulk change that an event is sent with: one message per recipient. */
export type TraceGroup = Omit<Answer<'TraceGroup'>, 'type'> & { type: 'import' | 'bulk' };
export type Trace = Traced<'Trace'>;
export const trace = (event: string, signal?: Signal) =>
  get<Trace>(`${at('/events', event)}/trace`, {}, signal);

/** For one event and one person: whether they were notified, and why or why not. */
export type PersonTrace = Traced<'PersonTrace'>;
/** `me` for the caller, which every user may ask. */
export const traceOf = (event: string, user: string, signal?: Signal) =>
  get<PersonTrace>(`${at('/events', event)}/trace`, { user_id: user }, signal);

export type Person = Answer<'User'>;
export type PersonBody = Bodies<'NewUser', 'UserChange'>;
/** `text`: part of a name or email address. */
export const people = (ask: PageAsk & { text?: string; company_id?: string }, signal?: Signal) =>
  get<Page<Person>>('/users', { ...ask }, signal);
export const createPerson = (body: PersonBody) => send<Person>('POST', '/users', body);
export const deletePerson = (id: string) => remove(at('/users', id));
export const changePerson = (id: string, body: PersonBody) => send<Person>('PATCH', at('/users', id), body);

/** What a user can sign in or authenticate with. */
export type Credential = Answer<'Credential'>;
export const credentials = (person: string, page: PageAsk, signal?: Signal) =>
  get<Page<Credential>>(`${at('/users', person)}/credentials`, { ...page }, signal);
export const endCredential = (person: string, id: string) =>
  remove(`${at('/users', person)}${at('/credentials', id)}`);
export const endCredentials = (person: string) => remove(`${at('/users', person)}/credentials`);

export type Company = Answer<'Company'>;
export type Member = Answer<'Member'>;
export type CompanyDetail = Answer<'CompanyDetail'>;
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
