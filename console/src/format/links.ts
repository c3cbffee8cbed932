/** The pages of notifications and calendar items, always local paths; and which untrusted texts are links. */

import type { Notification } from '../api/types';
import { RECORD_PAGES } from './record-pages';

type Kind = keyof typeof RECORD_PAGES;
/** Of several ids in a notification, the first of these counts after its own. */
const KINDS = Object.keys(RECORD_PAGES) as Kind[];

function isKind(value: string): value is Kind {
  return Object.hasOwn(RECORD_PAGES, value);
}

function path(kind: Kind, id: unknown): string | null {
  return typeof id === 'string' && id !== '' ? RECORD_PAGES[kind] + encodeURIComponent(id) : null;
}

/** The findings of a notification about several. */
export function namedFindings(data: Notification['data']): string[] {
  const ids = data.finding_ids;
  return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string' && id !== '') : [];
}

/** The page of a notification's subject; null if there is none. */
export function notificationPath(row: Pick<Notification, 'type' | 'data'>): string | null {
  const named = namedFindings(row.data);
  // A bulk change of findings is about them, not about their project.
  if (row.type === 'finding' && named.length > 0) {
    return named.length === 1 ? path('finding', named[0]) : null;
  }
  for (const kind of isKind(row.type) ? [row.type, ...KINDS] : KINDS) {
    const found = path(kind, row.data[`${kind}_id`]);
    if (found) return found;
  }
  return null;
}

/** The page of a record; null for a kind without one. */
export function recordPath(kind: string, id: string): string | null {
  return isKind(kind) ? path(kind, id) : null;
}

export function calendarPath(item: { entity_type: string; entity_id: string }): string | null {
  return recordPath(item.entity_type, item.entity_id);
}

/** The URL of an untrusted text that is a plain web link; null for any other scheme, or one with a password. */
export function webLink(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const plain = (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== '';
  return plain && url.username === '' && url.password === '' ? url.href : null;
}
