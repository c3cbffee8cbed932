/** The filters of the findings list, as kept in the URL. Pure. */

import type { FindingFilter } from '../api/calls';
import { SEVERITIES, STATUSES, type FindingStatus, type Severity } from '../api/types';

/** Statuses that still need work; the list shows these by default. */
export const ACTIVE: readonly FindingStatus[] = ['open', 'in_progress', 'retest'];

/** The sort orders, by their name in the URL, as the API names them. */
export const SORTS = {
  worst: '-severity',
  newest: '-created_at',
  due: 'sla_due_at',
  changed: '-updated_at',
} as const;
export type Sort = keyof typeof SORTS;
export const sortNames = Object.keys(SORTS) as Sort[];

/** The SLA state of an open finding, as the API names it. */
export const DEADLINES = ['breached', 'due_in_7_days'] as const;
export type DeadlineState = (typeof DEADLINES)[number];

export interface Filter {
  severities: Severity[];
  /** `active`, `all`, or a list. */
  status: 'active' | 'all' | FindingStatus[];
  assignee: 'me' | 'none' | null;
  sla: DeadlineState | null;
  project: string | null;
  scan: string | null;
  /** The id of a target. */
  target: string | null;
  /** A CVE, a GHSA or a similar identifier. */
  identifier: string | null;
  tag: string | null;
  text: string;
  sort: Sort;
}

function some<T extends string>(text: string | null, known: readonly T[]): T[] {
  const given = new Set((text ?? '').split(','));
  return known.filter((value) => given.has(value));
}

export function readFilter(query: URLSearchParams): Filter {
  const status = query.get('status');
  const statuses = some(status, STATUSES);
  const assignee = query.get('assignee');
  return {
    severities: some(query.get('severity'), SEVERITIES),
    status: status === 'all' ? 'all' : statuses.length > 0 ? statuses : 'active',
    assignee: assignee === 'me' || assignee === 'none' ? assignee : null,
    sla: DEADLINES.find((state) => state === query.get('sla')) ?? null,
    project: query.get('project_id'),
    scan: query.get('scan_id'),
    target: query.get('target'),
    identifier: query.get('identifier'),
    tag: query.get('tag'),
    text: query.get('text') ?? '',
    sort: sortNames.find((name) => name === query.get('sort')) ?? 'worst',
  };
}

/** Whether it differs from the default. */
export function isFiltered(filter: Filter): boolean {
  return (
    filter.severities.length > 0 ||
    filter.status !== 'active' ||
    filter.assignee !== null ||
    filter.sla !== null ||
    filter.project !== null ||
    filter.scan !== null ||
    filter.target !== null ||
    filter.identifier !== null ||
    filter.tag !== null ||
    filter.text !== ''
  );
}

/** The filter as the API takes it. */
export function askOf(filter: Filter, company: string | null): FindingFilter {
  const ask: FindingFilter = { sort: SORTS[filter.sort] };
  if (company !== null) ask.company_id = company;
  if (filter.project !== null) ask.project_id = filter.project;
  if (filter.scan !== null) ask.scan_id = filter.scan;
  if (filter.target !== null) ask.target = filter.target;
  if (filter.identifier !== null) ask.identifier = filter.identifier;
  if (filter.tag !== null) ask.tag = filter.tag;
  if (filter.severities.length > 0) ask.severity = filter.severities.join(',');
  if (filter.status === 'active') ask.status = ACTIVE.join(',');
  else if (filter.status !== 'all') ask.status = filter.status.join(',');
  if (filter.assignee !== null) ask.assignee = filter.assignee;
  if (filter.sla !== null) ask.sla = filter.sla;
  if (filter.text !== '') ask.text = filter.text;
  return ask;
}

/** The value with `one` added or removed, as kept in the URL, in the order of `known`. */
export function toggled<T extends string>(values: readonly T[], one: T, known: readonly T[]): string {
  const next = new Set(values);
  if (!next.delete(one)) next.add(one);
  return known.filter((value) => next.has(value)).join(',');
}
