/** The trace of an event as a tree: each recipient, and below it each channel. Pure. */

import type { Trace, TraceEntry } from '../../api/settings';

export interface Branch {
  /** The type and id of the recipient. */
  key: string;
  type: string;
  /** Empty if the caller may not see them. */
  name: string;
  /** Whether they were notified on any channel. */
  notified: boolean;
  leaves: TraceEntry[];
}

/** Notified recipients first, each with every channel, notified or not. */
export function traceTree(entries: readonly TraceEntry[]): Branch[] {
  const found = new Map<string, Branch>();
  for (const entry of entries) {
    const key = `${entry.recipient_type}:${entry.recipient}`;
    const branch = found.get(key) ?? {
      key,
      type: entry.recipient_type,
      name: entry.name ?? entry.delivery?.destination ?? entry.recipient,
      notified: false,
      leaves: [],
    };
    branch.leaves.push(entry);
    branch.notified ||= entry.told;
    found.set(key, branch);
  }
  const first = (notified: boolean) => (notified ? 0 : 1);
  return [...found.values()].sort((a, b) => first(a.notified) - first(b.notified));
}

/** The name of the team through which the person was considered, if the trace has it. */
export const teamOf = (entry: TraceEntry, entries: readonly TraceEntry[]): string | null =>
  (entry.team_id &&
    entries.find((one) => one.recipient_type === 'team' && one.recipient === entry.team_id)?.name) ??
  null;

/** Whether planning is done, nobody was notified, and nothing is pending. */
export const reachedNobody = (trace: Pick<Trace, 'planned_at' | 'entries'>): boolean =>
  trace.planned_at !== null && trace.entries.every((entry) => outcomeOf(entry) === 'not');

export type Outcome = 'notified' | 'waiting' | 'not';

/** The outcome of one channel: a pending message is neither notified nor given up. */
export function outcomeOf(entry: TraceEntry): Outcome {
  if (entry.told) return 'notified';
  const state = entry.delivery?.state;
  if (state === undefined && entry.reason === 'pending') return 'waiting';
  return state === 'pending' || state === 'sending' || state === 'bundled' ? 'waiting' : 'not';
}
