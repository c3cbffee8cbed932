/** Ownership rules as a page shows and edits them. Pure; what a rule matches is untrusted text. */

import type { Problem } from '../../api/http';
import { MATCH_FIELDS, type MatchField, type OwnershipMatch, type OwnershipRule } from '../../api/ownership';
import type { Severity } from '../../api/types';

/** What a rule matches, each with the name of its field, in a fixed order. */
export function matchParts(match: OwnershipMatch): { field: MatchField; text: string }[] {
  return MATCH_FIELDS.flatMap((field) => {
    const text = match[field];
    return text === undefined || text === '' ? [] : [{ field, text }];
  });
}

/** The values of the form, without empty ones. */
export function matchOf(texts: Record<MatchField, string>, severity: Severity | ''): OwnershipMatch {
  const match: OwnershipMatch = {};
  for (const field of MATCH_FIELDS) {
    const text = texts[field].trim();
    if (text !== '') match[field] = text;
  }
  if (severity !== '') match.min_severity = severity;
  return match;
}

/** Whether it matches every finding. */
export const matchesAll = ({ match }: OwnershipRule): boolean =>
  matchParts(match).length === 0 &&
  (match.min_severity === undefined || match.min_severity === 'informational');

/** The position after which rules never apply, because one above matches everything; -1 if none does. */
export function shadowedFrom(rules: readonly OwnershipRule[]): number {
  const all = rules.findIndex((rule) => rule.active && matchesAll(rule));
  return all >= 0 && all < rules.length - 1 ? all + 1 : -1;
}

const numbered = (rules: OwnershipRule[]): OwnershipRule[] =>
  rules.map((rule, index) => ({ ...rule, position: index + 1 }));

/** The list with the rule at `from` moved to `to`; unchanged if there is no such position. */
export function moved(rules: readonly OwnershipRule[], from: number, to: number): OwnershipRule[] {
  const all = [...rules];
  if (to < 0 || to >= all.length) return all;
  const [one] = all.splice(from, 1);
  if (one) all.splice(to, 0, one);
  return numbered(all);
}

/** The list with a rule replacing the one at `index`, or added at the end. */
export function placed(
  rules: readonly OwnershipRule[],
  rule: OwnershipRule,
  index: number | null,
): OwnershipRule[] {
  if (index === null) return numbered([...rules, rule]);
  return numbered(rules.map((one, at) => (at === index ? rule : one)));
}

export const without = (rules: readonly OwnershipRule[], index: number): OwnershipRule[] =>
  numbered(rules.filter((_, at) => at !== index));

/** Rules read from a file: instead of the existing ones, or above them, so that they apply first. */
export const joined = (
  present: readonly OwnershipRule[],
  read: readonly OwnershipRule[],
  replace: boolean,
): OwnershipRule[] => numbered(replace ? [...read] : [...read, ...present]);

/** The errors of one rule in the list, by field name such as `match.path`; '' for the rule itself. */
export function errorsOf(problem: Problem | null, index: number): Record<string, string> {
  const found: Record<string, string> = {};
  const item = `items[${String(index)}]`;
  for (const { field, detail } of problem?.errors ?? []) {
    if (field === item) found[''] = detail;
    else if (field.startsWith(`${item}.`)) found[field.slice(item.length + 1)] = detail;
  }
  return found;
}
