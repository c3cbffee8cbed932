/** The calls for the caller's own account: profile, password, tokens, sessions and saved views. */

import type { Answer } from './served';
import type { Me, Page } from './types';
import { at, get, remove, send, type PageAsk, type Signal } from './verbs';

export const rename = (name: string) => send<Me>('PATCH', '/me', { name });

export const setOwnActions = (notify_own_actions: boolean) =>
  send<Me>('PATCH', '/me', { notify_own_actions });

/** Ends every other session; with `end_tokens`, also tokens and calendar feeds. */
export const changePassword = (current_password: string, new_password: string, end_tokens: boolean) =>
  send<undefined>('POST', '/me/password', { current_password, new_password, end_tokens });

export type Token = Answer<'Token'>;
export const tokens = (page: PageAsk, signal?: Signal) => get<Page<Token>>('/tokens', { ...page }, signal);
export const createToken = (body: { name: string; expires_at: string | null }) =>
  send<Token & { token: string }>('POST', '/tokens', body);
export const revokeToken = (id: string) => remove(at('/tokens', id));

export type Session = Answer<'Session'>;
export const sessions = (page: PageAsk, signal?: Signal) =>
  get<Page<Session>>('/sessions', { ...page }, signal);
export const endSession = (id: string) => remove(at('/sessions', id));
/** With `tokens`, also the caller's API tokens and calendar feeds. */
export const endOtherSessions = (tokens: boolean) =>
  send<undefined>('POST', tokens ? '/sessions/end-others?end_tokens=true' : '/sessions/end-others');

export type ViewPage = Answer<'ViewPage'>;
export type SavedView = Answer<'SavedView'>;
/** The most views a user may have. */
export const views = (page: ViewPage, signal?: Signal) =>
  get<Page<SavedView>>('/me/views', { page, limit: 100 }, signal);
export const saveView = (body: { page: ViewPage; name: string; query: string }) =>
  send<SavedView>('POST', '/me/views', body);
export const changeView = (id: string, body: { name?: string; query?: string }) =>
  send<SavedView>('PATCH', at('/me/views', id), body);
export const deleteView = (id: string) => remove(at('/me/views', id));
