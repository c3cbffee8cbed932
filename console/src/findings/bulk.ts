/** What can be done with several findings at once, and how it is undone. Pure. */

import type { Finding, FindingStatus } from '../api/types';

/** The statuses that all of them can change to, in the order of the first. */
export function commonStatuses(findings: readonly Finding[]): FindingStatus[] {
  const [first, ...rest] = findings;
  if (!first) return [];
  return first.allowed_statuses.filter((status) =>
    rest.every((finding) => finding.allowed_statuses.includes(status) || finding.status === status),
  );
}

/** The company of all of them, or null if there are several. */
export function commonCompany(findings: readonly Finding[]): string | null {
  const companies = new Set(findings.map((finding) => finding.company_id));
  return companies.size === 1 ? (findings[0]?.company_id ?? null) : null;
}

/** Findings that had the same value before: one call restores them. */
export interface Alike<T> {
  ids: string[];
  before: T;
}

/** Groups findings by their previous value, to undo a change. */
export function alike<T>(findings: readonly Finding[], before: (finding: Finding) => T): Alike<T>[] {
  const groups = new Map<string, Alike<T>>();
  for (const finding of findings) {
    const was = before(finding);
    const key = JSON.stringify(was);
    const group = groups.get(key);
    if (group) group.ids.push(finding.id);
    else groups.set(key, { ids: [finding.id], before: was });
  }
  return [...groups.values()];
}

/** Its assignees, as the API takes them. */
export function assigneesOf(finding: Finding): { users: string[]; teams: string[] } {
  return {
    users: finding.assignees.users.map(({ id }) => id).sort(),
    teams: finding.assignees.teams.map(({ id }) => id).sort(),
  };
}
