/**
 * The only access to the API: same origin, the session cookie, JSON both ways, every failure as a Problem.
 * A 401 outside of sign-in is checked once: the session ended, or another tab has just replaced it.
 */

export interface FieldError {
  field: string;
  detail: string;
}

/** What went wrong, as in RFC 9457. `status` is 0 if no answer arrived. */
export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  readonly errors: FieldError[];
  readonly retryAfter: number | null;

  constructor(
    status: number,
    title: string,
    detail: string,
    errors: FieldError[] = [],
    retryAfter: number | null = null,
  ) {
    super(title);
    this.name = 'Problem';
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  /** The detail for one field of a form, or undefined. */
  field(name: string): string | undefined {
    return this.errors.find((error) => error.field === name)?.detail;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads a problem document; any other body (such as a proxy's page) still gives a usable Problem. */
export function problemOf(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const document = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const errors = Array.isArray(document.errors)
    ? document.errors
        .filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
        .map((entry) => ({ field: text(entry.field), detail: text(entry.detail) }))
    : [];
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  return new Problem(
    status,
    text(document.title) || `HTTP ${String(status)}`,
    text(document.detail),
    errors,
    Number.isFinite(seconds) ? seconds : null,
  );
}

export const API = '/api/v1';

let onUnauthorized: () => Promise<boolean> = () => Promise.resolve(false);

/** Registers the check that runs after a 401: whether the user is still signed in. */
export function whenUnauthorized(listener: () => Promise<boolean>): void {
  onUnauthorized = listener;
}

/** Reports a 401 for requests that cannot go through `request` (an upload). */
export function unauthorized(): void {
  void onUnauthorized();
}

export type Parameters = Record<string, string | number | boolean | null | undefined>;

/** The path below the API, with the parameters that have a value. */
export function address(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') query.set(key, String(value));
  }
  const search = query.toString();
  return API + path + (search ? `?${search}` : '');
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  parameters?: Parameters;
  body?: unknown;
  signal?: AbortSignal;
  /** A 401 here is an answer (a wrong password), not the end of the session. */
  expectUnauthorized?: boolean;
}

/** Idempotency keys of requests that may have to be repeated, by content. */
const pending = new Map<string, string>();

/** A random text. Not `randomUUID`, which is available on https and localhost only. */
const random = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

/**
 * The idempotency key of a create request. The same request keeps its key until it is answered: a second
 * click while the first is in flight, or a retry after a lost connection, creates nothing more.
 */
function keyOf(asked: string): string {
  const key = pending.get(asked) ?? random();
  pending.set(asked, key);
  return key;
}

/** Calls the API. Rejects with a Problem, or with the signal's reason if aborted. */
export async function request<T>(path: string, ask: Ask = {}, repeated = false): Promise<T> {
  const init: RequestInit = { method: ask.method ?? 'GET', credentials: 'same-origin' };
  const headers: Record<string, string> = { accept: 'application/json' };
  let asked = '';
  if (ask.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(ask.body);
    // Passwords are not kept here.
    if (ask.method === 'POST' && !init.body.includes('password')) {
      asked = `${path} ${init.body}`;
      headers['idempotency-key'] = keyOf(asked);
    }
  }
  init.headers = headers;
  if (ask.signal) init.signal = ask.signal;

  let response: Response;
  try {
    response = await fetch(address(path, ask.parameters), init);
  } catch (error) {
    if (ask.signal?.aborted) throw error;
    throw new Problem(0, 'unreachable', '');
  }
  // After a server failure, the request may have been carried out.
  if (response.status < 500) pending.delete(asked);
  if (response.status === 204) return undefined as T;
  let body: unknown = null;
  try {
    body = await response.json();
  } catch (error) {
    if (ask.signal?.aborted) throw error;
    if (response.ok) throw new Problem(response.status, 'unreadable', '');
  }
  if (response.ok) return body as T;
  // Nothing was done: a request sent with the old session while another tab signed in is repeated.
  if (response.status === 401 && !ask.expectUnauthorized && !repeated && (await onUnauthorized()))
    return request(path, ask, true);
  throw problemOf(response.status, body, response.headers.get('retry-after'));
}
