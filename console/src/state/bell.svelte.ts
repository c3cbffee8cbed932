/** The exact unread count, and the lists that currently show inbox rows. */

import * as calls from '../api/calls';
import type { Notification, Summary } from '../api/types';
import { LatestCount } from './latest-count';
import { touch, type Paged } from './source.svelte';

const count = new LatestCount<Summary>();
/** The value of `count`, for the screen. */
let summary = $state.raw<Summary | null>(null);
let drawer = $state(false);
let latest = $state.raw<Notification | null>(null);
/** Each with the rows it accepts. */
const lists = new Map<Paged<Notification>, (row: Notification) => boolean>();

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
  /** The last row that arrived while this tab was open, for the toast. */
  get latest(): Notification | null {
    return latest;
  },
  dismiss(): void {
    latest = null;
  },
};

/** Takes the count from a frame. */
export function setSummary(value: Summary): void {
  count.set(value);
  summary = value;
}

/** Requests the count. Returns whether the answer differs from the count of the frames. */
export async function loadSummary(signal?: AbortSignal): Promise<'same' | 'different'> {
  const answer = count.ask();
  const found = await calls.summary(signal);
  const before = summary;
  if (!answer(found)) return 'same';
  summary = found;
  return before === null || (before.total === found.total && before.unread === found.unread)
    ? 'same'
    : 'different';
}

export function clearBell(): void {
  count.clear();
  summary = null;
  latest = null;
  drawer = false;
}

/** Registers an inbox list on screen: frames change its rows directly. Returns the function that removes it. */
export function showsInbox(list: Paged<Notification>, takes: (row: Notification) => boolean): () => void {
  lists.set(list, takes);
  return () => {
    lists.delete(list);
  };
}

export function rowArrived(row: Notification): void {
  latest = row;
  for (const [list, takes] of lists) if (takes(row)) list.prepend(row);
}

/** Marks rows on screen as read; they stay where they are. */
export function rowsRead(which: (id: string) => boolean): void {
  for (const list of lists.keys()) {
    list.change((row) => (!row.read && which(row.id) ? { ...row, read: true } : row));
  }
  if (latest && which(latest.id)) latest = null;
}

/**
 * Marks a row read here and on the server. The new count comes in a frame; it is also requested, in case no
 * frame comes: there is no stream just now, or another tab was faster and nothing changed.
 */
export async function read(row: Notification): Promise<void> {
  if (row.read) return;
  rowsRead((id) => id === row.id);
  try {
    await calls.markRead(row.id);
  } catch {
    touch(['inbox']);
  }
  await loadSummary().catch(() => undefined);
}

/** Rejects with a Problem. A row that arrives while the request is in flight stays unread. */
export async function readAll(): Promise<void> {
  const known = new Set([...lists.keys()].flatMap((list) => list.items.map(({ id }) => id)));
  if (latest) known.add(latest.id);
  await calls.markAllRead();
  rowsRead((id) => known.has(id));
  await loadSummary().catch(() => undefined);
}
