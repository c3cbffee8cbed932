/** The true count of the inbox, and the lists that show its rows right now. */

import * as calls from '../api/calls';
import type { Notification, Summary } from '../api/types';
import type { Paged } from './source.svelte';

let summary = $state.raw<Summary | null>(null);
let version = 0;
let drawer = $state(false);
let latest = $state.raw<Notification | null>(null);
const lists = new Set<Paged<Notification>>();

export const bell = {
  /** Null until it is known. */
  get summary(): Summary | null {
    return summary;
  },
  get unread(): number {
    return summary?.unread ?? 0;
  },
  get open(): boolean {
    return drawer;
  },
  set open(value: boolean) {
    drawer = value;
  },
  /** The row that came last while this tab was open, for the toast. */
  get latest(): Notification | null {
    return latest;
  },
  dismiss(): void {
    latest = null;
  },
};

/** Takes the count from a frame. */
export function setSummary(value: Summary): void {
  version += 1;
  summary = value;
}

/** Asks for the count. Tells whether the answer differs from what frames had told. */
export async function loadSummary(): Promise<'same' | 'different'> {
  const asked = version;
  const found = await calls.summary();
  if (asked !== version) return 'same';
  const before = summary;
  setSummary(found);
  return before === null || (before.total === found.total && before.unread === found.unread)
    ? 'same'
    : 'different';
}

export function clearBell(): void {
  version += 1;
  summary = null;
  latest = null;
  drawer = false;
}

/** A list of the inbox is on screen: frames change its rows directly. Returns how to take it off. */
export function showsInbox(list: Paged<Notification>): () => void {
  lists.add(list);
  return () => {
    lists.delete(list);
  };
}

export function rowArrived(row: Notification): void {
  latest = row;
  for (const list of lists) list.prepend(row);
}

/** Rows become read on screen; they stay where they are. */
export function rowsRead(id: string | 'all'): void {
  for (const list of lists) {
    list.change((row) => (!row.read && (id === 'all' || row.id === id) ? { ...row, read: true } : row));
  }
  if (latest && (id === 'all' || latest.id === id)) latest = null;
}

/** Marks a row read here and on the server. The frame that follows brings the count of all tabs. */
export async function read(row: Notification): Promise<void> {
  if (row.read) return;
  rowsRead(row.id);
  if (summary && summary.unread > 0) summary = { ...summary, unread: summary.unread - 1 };
  try {
    await calls.markRead(row.id);
  } catch {
    await loadSummary().catch(() => undefined);
  }
}

export async function readAll(): Promise<void> {
  await calls.markAllRead();
  rowsRead('all');
  if (summary) summary = { ...summary, unread: 0 };
}
