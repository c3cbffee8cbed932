/**
 * Who is signed in, what they may do, and which company they look at. The cookie is every tab's: who signs
 * in or out in one does so in all, and tabs tell each other at once.
 */

import * as calls from '../api/calls';
import { Problem } from '../api/http';
import type { Me, Membership, Role } from '../api/types';
import { navigate, route } from './router.svelte';
import { HOME, safePath } from './safe';
import { forgetAll } from './source.svelte';

/** `starting` until the first answer; `unreachable` when there was none. */
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

/** What tabs tell each other. */
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
    // Whose page this was is not who asks from here on.
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
  /** Whether the sign-in page is shown because a session ended by itself. */
  get ended(): boolean {
    return ended;
  },
  get companies(): Membership[] {
    return person?.companies ?? [];
  },
  /** The company the lists are narrowed to; null for all. */
  get company(): string | null {
    return chosen;
  },
  set company(id: string | null) {
    chosen = id;
    try {
      if (id === null) sessionStorage.removeItem(COMPANY_KEY);
      else sessionStorage.setItem(COMPANY_KEY, id);
    } catch {
      // Storage is blocked: the choice holds until the next load.
    }
  },
  /** Whether the person has at least this role in the company. */
  may(company: string, role: Role): boolean {
    if (person?.is_admin) return true;
    const member = session.companies.find(({ id }) => id === company);
    return member?.role != null && RANK[member.role] >= RANK[role];
  },
  /** Whether they manage any company. */
  get manages(): boolean {
    return (person?.is_admin ?? false) || session.companies.some(({ id }) => session.may(id, 'manager'));
  },
  /** Whether they manage the company they look at; any company while they look at all. */
  get managesHere(): boolean {
    return chosen === null ? session.manages : session.may(chosen, 'manager');
  },
  /** Whether they have it in the company they look at; in any of theirs while they look at all. */
  mayHere(role: Role): boolean {
    return session.companies.some(({ id }) => (chosen === null || chosen === id) && session.may(id, role));
  },
};

/** Asks who is signed in, at the start of the page. */
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
 * Asks again what the person may do: a change of their access ends the stream, and it comes back. False when
 * it is not (or no longer) them who asks: the page then begins anew as whoever it is.
 */
export async function renew(): Promise<boolean> {
  const before = person;
  return take(before, await calls.me());
}

/** Takes in an answer to who is signed in, asked for when it was `before`. Tells whether it is the same person. */
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

/** How long the cookie of another tab's sign-in may be on its way to this one, in milliseconds. */
const COOKIE = 500;
let asking: Promise<boolean> | null = null;

/**
 * Asks whether the person is signed in all the same after an answer said 401: a sign-in in another tab ends the
 * session that was before, and refuses what is on its way with it. Without a session, to the sign-in.
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

/** Signs in and goes back to where one was. Rejects with a Problem. */
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

/** There is no session (any more): to the sign-in, keeping the way back. */
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
