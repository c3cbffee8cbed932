/**
 * What a frame of the live stream means for the console. Pure: it reads a frame and returns what to do;
 * stream.ts keeps the connection, and state/live.svelte.ts applies the effects.
 */

import type { Frame, Notification, Summary } from '../api/types';
import type { Topic } from './topics';

export interface Effects {
  /** What changed: everything that shows it reloads. */
  topics: Topic[];
  /** The exact unread count, from the frame itself. */
  summary?: Summary;
  /** A new row in the caller's inbox. */
  arrived?: Notification;
  /** Which rows of the caller's inbox were read. */
  read?: (id: string) => boolean;
  /** Frames were dropped: everything on screen may be outdated. */
  resync?: boolean;
}

const NOTHING: Effects = { topics: [] };

/** Parses the data of a message; null if it is not a frame. */
export function parseFrame(text: string): Frame | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    return typeof (value as Frame).type === 'string' ? (value as Frame) : null;
  } catch {
    return null;
  }
}

function summaryOf(value: unknown): Summary | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { total, unread } = value as Partial<Summary>;
  return typeof total === 'number' && typeof unread === 'number' ? { total, unread } : undefined;
}

function notificationOf(value: unknown): Notification | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const row = value as Partial<Notification>;
  return typeof row.id === 'string' && typeof row.title === 'string' ? (row as Notification) : undefined;
}

function inbox(frame: Frame): Effects {
  const data = frame.data ?? {};
  const effects: Effects = { topics: [] };
  const summary = summaryOf(data.summary);
  if (summary) effects.summary = summary;
  else effects.topics.push('bell');

  // Ids ascend: a list that is loading now may show rows created after all were read.
  const last = frame.id;
  if (frame.type === 'notification.all_read') effects.read = (row) => last === undefined || row < last;
  const id = typeof data.notification_id === 'string' ? data.notification_id : frame.subject?.id;
  if (frame.type === 'notification.read' && id) effects.read = (row) => row === id;
  if (frame.type === 'notification.created') {
    const arrived = notificationOf(data.notification);
    if (arrived) effects.arrived = arrived;
    else effects.topics.push('inbox');
  }
  return effects;
}

/** The findings of a frame: one, those of a bundle, or any (if the list is cut short or missing). */
function findingTopics(frame: Frame): Topic[] {
  const data = frame.data ?? {};
  if (data.bundled === true) {
    const ids = Array.isArray(data.finding_ids)
      ? data.finding_ids.filter((id) => typeof id === 'string')
      : [];
    const all = typeof data.count === 'number' && data.count <= ids.length;
    return ['findings', 'calendar', ...(all ? ids.map((id: string) => `finding:${id}`) : ['finding'])];
  }
  const id =
    typeof data.finding_id === 'string'
      ? data.finding_id
      : frame.subject?.type === 'finding'
        ? frame.subject.id
        : null;
  return ['findings', 'calendar', id === null ? 'finding' : `finding:${id}`];
}

function named(kind: string, frame: Frame): Topic {
  const id = frame.data?.[`${kind}_id`] ?? frame.subject?.id;
  return typeof id === 'string' ? `${kind}:${id}` : kind;
}

/** The finding that a frame about another record names. */
function findingOf(frame: Frame): Topic[] {
  const id = frame.data?.finding_id;
  return typeof id === 'string' ? [`finding:${id}`] : [];
}

/** The one table from frames to effects. */
export function effectsOf(frame: Frame): Effects {
  if (frame.type === 'resync') return { topics: [], resync: true };
  const [category] = frame.type.split('.', 1);
  switch (category) {
    case 'notification':
      return inbox(frame);
    case 'finding':
    case 'sla':
    case 'retest':
      return { topics: findingTopics(frame) };
    case 'scan':
      return { topics: ['scans', 'calendar', named('scan', frame)] };
    case 'project':
      return { topics: ['projects', 'calendar', named('project', frame)] };
    case 'asset':
      return { topics: ['assets', named('asset', frame)] };
    case 'agreement':
      return { topics: ['agreements', 'calendar', named('agreement', frame)] };
    case 'approval':
      return { topics: ['approvals', 'calendar', named('approval', frame), ...findingOf(frame)] };
    case 'platform':
      return { topics: ['announcements'] };
    case 'report':
      return { topics: ['reports', named('report', frame)] };
    default:
      return NOTHING;
  }
}
