/** The banners above every page: announcements, and the warning that no mail is sent. */

import type { Answer } from './served';
import type { Page } from './types';
import { at, get, remove, send } from './verbs';

/** `until`: when it stops being shown; null if it stays. */
export type Announcement = Answer<'Announcement'>;
export const announcements = (signal: AbortSignal) =>
  get<Page<Announcement>>('/announcements', { limit: 20 }, signal);
export const announce = (body: { title: string; body: string; until: string | null }) =>
  send<Announcement>('POST', '/announcements', body);
/** For administrators. `file`: there is no mail server, and emails are written to files. */
export type DestinationSummary = Omit<Answer<'DestinationSummary'>, 'mail'> & { mail: 'smtp' | 'file' };
export const destinationSummary = (signal: AbortSignal) =>
  get<DestinationSummary>('/destinations/summary', {}, signal);

/** Removes it from every screen; messages already sent stay. */
export const withdraw = (id: string) => remove(at('/announcements', id));
