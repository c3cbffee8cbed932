/** The calls that one makes for one's own account: API tokens. */

import type { PageAsk } from './calls';
import type { Page } from './types';
import { at, get, remove, send, type Signal } from './verbs';

export interface Token {
  id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}
export const tokens = (page: PageAsk, signal?: Signal) => get<Page<Token>>('/tokens', { ...page }, signal);
export const createToken = (body: { name: string; expires_at: string | null }) =>
  send<Token & { token: string }>('POST', '/tokens', body);
export const revokeToken = (id: string) => remove(at('/tokens', id));
