/** Who is signed in, what they may do, and which company they look at. */

import * as calls from '../api/calls';
import { Problem } from '../api/http';
import type { Me, Membership, Role } from '../api/types';
import { navigate, route, safePath } from './router.svelte';
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

async function enter(quiet: boolean): Promise<void> {
  const found = await calls.me(quiet);
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
};

/** Asks who is signed in, at the start of the page. */
export async function resume(): Promise<void> {
  phase = 'starting';
  try {
    await enter(true);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) leave(false);
    else phase = 'unreachable';
  }
}

/** Asks again what the person may do: a change of their access ends the stream, and it comes back. */
export async function renew(): Promise<void> {
  const before = person;
  const found = await calls.me();
  if (phase !== 'in' || person !== before) return;
  person = found;
  if (!found.companies.some(({ id }) => id === chosen)) chosen = null;
}

/** Signs in and goes back to where one was. Rejects with a Problem. */
export async function signIn(email: string, password: string): Promise<void> {
  await calls.signIn(email, password);
  await enter(false);
  navigate(safePath(route.query.get('next')), true);
}

export async function signOut(): Promise<void> {
  try {
    await calls.signOut();
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
  }
  forgetAll();
  person = null;
  ended = false;
  phase = 'out';
  navigate('/sign-in', true);
}

/** There is no session (any more): to the sign-in, keeping the way back. */
export function leave(hadOne: boolean): void {
  if (phase === 'out') return;
  forgetAll();
  person = null;
  ended = hadOne;
  phase = 'out';
  if (route.path !== '/sign-in') {
    const next = safePath(route.full);
    navigate(next === '/findings' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`, true);
  }
}
