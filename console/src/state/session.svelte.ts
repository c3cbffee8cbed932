/**
 * Who is signed in, what they may do, and which company is selected. All tabs share the cookie: signing in
 * or out in one does so in all, and tabs notify each other at once.
 */

import * as calls from '../api/calls';
import { Problem } from '../api/http';
import type { Me, Membership, Role } from '../api/types';
import { navigate, route } from './router.svelte';
import { HOME, safePath } from './safe';
import { forgetAll } from './source.svelte';

/** `starting` until the first answer; `unreachable` if there was none. */
export type Phase = 'starting' | 'unreachable' | 'out' | 'in';

const RANK: Record<Role, number> = { viewer: 0, analyst: 1, manager: 2 };
const COMPANY_KEY = 'campanile.company';

let phase = $state<Phase>('starting');
let person = $state.raw<Me | null>(null);
let ended = $state(false);
let chosen = $state<string | null>(null);

function storedCompany(): string | null {
  try {
    return sessionStorage.getItem(COMPANY_KEY);
  } catch {
    return null;
  }
}

/** The messages between tabs. */
interface Word {
  user: string;
  signed: 'in' | 'out';
}
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('campanile.session');

function tell(signed: Word['signed']): void {
  if (person) tabs?.postMessage({ user: person.user.id, signed } satisfies Word);
}

if (tabs) {
  tabs.onmessage = ({ data: word }: MessageEvent<Word>) => {
    if (phase !== 'in' || !person) return;
    const same = word.user === person.user.id;
    if (word.signed === 'out' && same) leave(true);
    // From here on, requests come from a different user than the page was loaded for.
    if (word.signed === 'in' && !same) {
      forgetAll();
      person = null;
      void resume();
    }
  };
}

function enter(found: Me): void {
  person = found;
  const company = storedCompany();
  chosen = found.companies.some(({ id }) => id === company) ? company : null;
  ended = false;
  phase = 'in';
}

export const session = {
  get phase(): Phase {
    return phase;
  },
  get me(): Me | null {
    return person;
  },
  /** Whether the sign-in page is shown because a session expired. */
  get ended(): boolean {
    return ended;
  },
  get companies(): Membership[] {
    return person?.companies ?? [];
  },
  /** The company that lists are filtered by; null for all. */
  get company(): string | null {
    return chosen;
  },
  set company(id: string | null) {
    chosen = id;
    try {
      if (id === null) sessionStorage.removeItem(COMPANY_KEY);
      else sessionStorage.setItem(COMPANY_KEY, id);
    } catch {
      // Storage is blocked: the choice lasts until the next load.
    }
  },
  /** Whether the user has at least this role in the company. */
  may(company: string, role: Role): boolean {
    if (person?.is_admin) return true;
    const member = session.companies.find(({ id }) => id === company);
    return member?.role != null && RANK[member.role] >= RANK[role];
  },
  /** Whether they manage any company. */
  get manages(): boolean {
    return (person?.is_admin ?? false) || session.companies.some(({ id }) => session.may(id, 'manager'));
  },
  /** Whether they manage the selected company; any company while all are selected. */
  get managesHere(): boolean {
    return chosen === null ? session.manages : session.may(chosen, 'manager');
  },
  /** Whether they have the role in the selected company; in any of theirs while all are selected. */
  mayHere(role: Role): boolean {
    return session.companies.some(({ id }) => (chosen === null || chosen === id) && session.may(id, role));
  },
};

/** Asks who is signed in, when the page starts. */
export async function resume(): Promise<void> {
  phase = 'starting';
  try {
    enter(await calls.me(true));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) leave(false);
    else phase = 'unreachable';
  }
}

/**
 * Reloads what the user may do: a change of their access ends the stream, which then reconnects. False if it
 * is not (or no longer) the same user: the page then starts over for whoever it is.
 */
export async function renew(): Promise<boolean> {
  const before = person;
  return take(before, await calls.me());
}

/** Applies the answer about who is signed in, requested for `before`. Returns whether it is the same user. */
function take(before: Me | null, found: Me): boolean {
  if (phase !== 'in' || !before || person?.user.id !== before.user.id) return false;
  if (found.user.id !== before.user.id) {
    forgetAll();
    enter(found);
    return false;
  }
  person = found;
  if (!found.companies.some(({ id }) => id === chosen)) chosen = null;
  return true;
}

/** How long the cookie of another tab's sign-in may take to reach this one, in milliseconds. */
const COOKIE = 500;
let asking: Promise<boolean> | null = null;

/**
 * Checks after a 401 whether the user is still signed in: a sign-in in another tab ends the previous session
 * and rejects requests in flight. Without a session, goes to the sign-in page.
 */
export function stillIn(): Promise<boolean> {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(): Promise<boolean> {
  const before = person;
  for (const wait of [0, COOKIE]) {
    await new Promise((done) => setTimeout(done, wait));
    try {
      return take(before, await calls.me(true));
    } catch (error) {
      if (!(error instanceof Problem && error.status === 401)) return false;
    }
  }
  if (before && person === before) leave(true);
  return false;
}

/** Signs in and returns to the requested page. Rejects with a Problem. */
export async function signIn(email: string, password: string): Promise<void> {
  await calls.signIn(email, password);
  enter(await calls.me());
  tell('in');
  navigate(safePath(route.query.get('next')), true);
}

export async function signOut(): Promise<void> {
  try {
    await calls.signOut();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
  }
  tell('out');
  forgetAll();
  person = null;
  ended = false;
  phase = 'out';
  navigate('/sign-in', true);
}

/** There is no session (any more): goes to the sign-in page, keeping the way back. */
function leave(hadOne: boolean): void {
  if (phase === 'out') return;
  forgetAll();
  person = null;
  ended = hadOne;
  phase = 'out';
  if (route.path !== '/sign-in') {
    const next = safePath(route.full);
    navigate(next === HOME ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`, true);
  }
}
