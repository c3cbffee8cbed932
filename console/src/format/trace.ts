/** The trace of an event as a tree: told or not, then each recipient, then each channel. Pure. */

import type { TraceEntry } from '../api/settings';

export interface Branch {
  /** The type and id of the recipient. */
  key: string;
  type: string;
  name: string;
  leaves: TraceEntry[];
}

export interface TraceTree {
  told: Branch[];
  not: Branch[];
}

/** Someone told on one channel and not on another stands in both, each with the channels that belong there. */
export function traceTree(entries: readonly TraceEntry[]): TraceTree {
  return {
    told: branches(entries.filter(({ told }) => told)),
    not: branches(entries.filter(({ told }) => !told)),
  };
}

function branches(entries: readonly TraceEntry[]): Branch[] {
  const found = new Map<string, Branch>();
  for (const entry of entries) {
    const key = `${entry.recipient_type}:${entry.recipient}`;
    const branch = found.get(key) ?? {
      key,
      type: entry.recipient_type,
      name: entry.name ?? entry.delivery?.destination ?? entry.recipient,
      leaves: [],
    };
    branch.leaves.push(entry);
    found.set(key, branch);
  }
  return [...found.values()];
}
