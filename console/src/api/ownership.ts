/** Ownership rules: the ordered list that assigns the findings of a company. */

import { namesOf, type Answer } from './served';
import type { Severity } from './types';
import { at, get, send, type Signal } from './verbs';

/** What a finding must match; empty matches every finding. */
export type MatchField = Exclude<keyof Answer<'OwnershipMatch'>, 'min_severity'>;
export const MATCH_FIELDS = namesOf<MatchField>({
  path: true,
  tool: true,
  rule: true,
  component: true,
  asset: true,
  tag: true,
});
/** Fields that match everything are left out. */
export type OwnershipMatch = Partial<Record<MatchField, string>> & { min_severity?: Severity };

/** Its position in the list is from 1; the server sets it again on save. */
export type OwnershipRule = Omit<Answer<'OwnershipRule'>, 'match'> & { match: OwnershipMatch };

const rules = (company: string) => `${at('/companies', company)}/ownership-rules`;
export const ownershipRules = (company: string, signal?: Signal) =>
  get<{ items: OwnershipRule[] }>(rules(company), {}, signal);
/** Replaces the whole list. */
export const setOwnershipRules = (company: string, items: OwnershipRule[]) =>
  send<{ items: OwnershipRule[] }>('PUT', rules(company), { items });

export type Unmapped = Answer<'UnmappedOwner'>;
export interface Codeowners {
  items: OwnershipRule[];
  unmapped: Unmapped[];
}
/** Reads a file without saving anything. */
export const readCodeowners = (company: string, text: string) =>
  send<Codeowners>('POST', `${rules(company)}/codeowners`, { text });
