/** One helper for each HTTP verb, for the files that name the API's calls. */

import { request, type Parameters } from './http';

/** Which page of a list. */
export interface PageAsk {
  limit?: number;
  cursor?: string | null;
}

export type Signal = AbortSignal | undefined;

/** A path with one more segment, escaped. */
export const at = (path: string, id: string): string => `${path}/${encodeURIComponent(id)}`;

export const get = <T>(path: string, parameters: object = {}, signal?: Signal): Promise<T> =>
  request<T>(path, {
    parameters: parameters as Parameters,
    ...(signal ? { signal } : {}),
  });

export const send = <T>(method: 'POST' | 'PUT' | 'PATCH', path: string, body?: object): Promise<T> =>
  request<T>(path, { method, ...(body ? { body } : {}) });

export const remove = (path: string): Promise<undefined> => request<undefined>(path, { method: 'DELETE' });
