/** Ownership rules: the ordered list that assigns the findings of a company. */

import type { Severity } from './types';
import { at, get, send, type Signal } from './verbs';

/** What a finding must match; empty matches every finding. */
export const MATCH_FIELDS = ['path', 'tool', 'rule', 'component', 'asset', 'tag'] as const;
export type MatchField = (typeof MATCH_FIELDS)[number];
export type OwnershipMatch = Partial<Record<MatchField, string>> & { min_severity?: Severity };

export interface OwnershipRule {
  /** Its position in the list, from 1; the server sets it again on save. */
  position: number;
  match: OwnershipMatch;
  user_ids: string[];
  team_ids: string[];
  /** False if everyone it names has left. */
  active: boolean;
}

const rules = (company: string) => `${at('/companies', company)}/ownership-rules`;
export const ownershipRules = (company: string, signal?: Signal) =>
  get<{ items: OwnershipRule[] }>(rules(company), {}, signal);
/** Replaces the whole list. */
export const setOwnershipRules = (company: string, items: OwnershipRule[]) =>
  send<{ items: OwnershipRule[] }>('PUT', rules(company), { items });

export interface Unmapped {
  line: number;
  text: string;
  reason: string;
}
export interface Codeowners {
  items: OwnershipRule[];
  unmapped: Unmapped[];
}
/** Reads a file without saving anything. */
export const readCodeowners = (company: string, text: string) =>
  send<Codeowners>('POST', `${rules(company)}/codeowners`, { text });
