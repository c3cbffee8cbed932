/** The banners above every page: announcements, and the warning that no mail is sent. */

import { request } from './http';
import type { Page } from './types';

export interface Announcement {
  id: string;
  title: string;
  body: string;
  /** When it stops being shown; null if it stays. */
  until: string | null;
  created_at: string;
}
export const announcements = (signal: AbortSignal) =>
  request<Page<Announcement>>('/announcements', { parameters: { limit: 20 }, signal });
export const announce = (body: { title: string; body: string; until: string | null }) =>
  request<Announcement>('/announcements', { method: 'POST', body });
/** For administrators. `file`: there is no mail server, and emails are written to files. */
export interface DestinationSummary {
  mail: 'smtp' | 'file';
  switched_off: number;
  failing: number;
  /** Quarantined events and messages. */
  set_aside: number;
}
export const destinationSummary = (signal: AbortSignal) =>
  request<DestinationSummary>('/destinations/summary', { signal });

/** Removes it from every screen; messages already sent stay. */
export const withdraw = (id: string) =>
  request<undefined>(`/announcements/${encodeURIComponent(id)}`, { method: 'DELETE' });
