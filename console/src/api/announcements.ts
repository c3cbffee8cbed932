/** What stands above every page: what administrators announce to everyone, and that no mail leaves. */

import { request } from './http';
import type { Page } from './types';

export interface Announcement {
  id: string;
  title: string;
  body: string;
  /** Until when it is shown; null where it stays. */
  until: string | null;
  created_at: string;
}
export const announcements = (signal: AbortSignal) =>
  request<Page<Announcement>>('/announcements', { parameters: { limit: 20 }, signal });
export const announce = (body: { title: string; body: string; until: string | null }) =>
  request<Announcement>('/announcements', { method: 'POST', body });
/** For administrators. `file`: there is no mail server, and mails are written to files. */
export interface DestinationSummary {
  mail: 'smtp' | 'file';
  switched_off: number;
  failing: number;
  /** Events and messages that cannot be read. */
  set_aside: number;
}
export const destinationSummary = (signal: AbortSignal) =>
  request<DestinationSummary>('/destinations/summary', { signal });

/** Takes it off the screens; messages that went out stay. */
export const withdraw = (id: string) =>
  request<undefined>(`/announcements/${encodeURIComponent(id)}`, { method: 'DELETE' });
