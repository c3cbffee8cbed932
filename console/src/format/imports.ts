/** What came of an import, as people read it. Pure. */

import type { Skipped } from '../api/types';

export interface SkippedGroup {
  reason: string;
  places: string[];
}

/** The skipped results by their reason, the commonest first, each place in the report's order. */
export function skippedByReason(skipped: readonly Skipped[]): SkippedGroup[] {
  const groups = new Map<string, string[]>();
  for (const { where, reason } of skipped) groups.set(reason, [...(groups.get(reason) ?? []), where]);
  return [...groups]
    .map(([reason, places]) => ({ reason, places }))
    .sort((one, other) => other.places.length - one.places.length);
}

/** Whether the same request may end better the next time: no answer, too many tries, the server's own trouble. */
export function worthAnother(status: number): boolean {
  return status === 0 || status === 429 || status >= 500;
}
