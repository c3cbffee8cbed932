/** The URL of the page as state. Links are plain `<a href="/…">`; one click handler intercepts them. */

import { tick } from 'svelte';
import { newPage } from './heading';

function here(): { path: string; query: URLSearchParams } {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

let current = $state.raw(here());

export const route = {
  get path(): string {
    return current.path;
  },
  get query(): URLSearchParams {
    return current.query;
  },
  /** Path and query, to come back to. */
  get full(): string {
    const search = current.query.toString();
    return current.path + (search ? `?${search}` : '');
  },
};

/** Reads the URL again. The redirect from the bare `/` adds no step to the history. */
function follow(): void {
  const before = current.path;
  current = here();
  if (before !== '/' && current.path !== before) newPage();
}

interface Kept {
  scroll?: number;
  inside?: boolean;
}

/** Goes to a path of the console. With `replace`, Back does not return to the previous page. */
export function navigate(to: string, replace = false): void {
  const target = new URL(to, location.origin);
  if (target.origin !== location.origin) return;
  const address = target.pathname + target.search;
  if (replace) {
    history.replaceState({ ...(history.state as Kept | null) } satisfies Kept, '', address);
  } else {
    history.replaceState({ ...(history.state as Kept | null), scroll: scrollY } satisfies Kept, '');
    history.pushState({ inside: true } satisfies Kept, '', address);
    scrollTo(0, 0);
  }
  follow();
}

/** Changes query parameters in place; null or '' removes one. */
export function setQuery(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(current.query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(key);
    else query.set(key, value);
  }
  const search = query.toString().replaceAll('%2C', ',');
  navigate(current.path + (search ? `?${search}` : ''), true);
}

/** Back to the previous page, or to `fallback` if the user came from outside. */
export function back(fallback: string): void {
  if ((history.state as Kept | null)?.inside) history.back();
  else navigate(fallback);
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/')) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
}

async function onPop(event: PopStateEvent): Promise<void> {
  follow();
  const scroll = (event.state as Kept | null)?.scroll;
  if (scroll === undefined) return;
  await tick();
  requestAnimationFrame(() => {
    scrollTo(0, scroll);
  });
}

export function startRouter(): void {
  history.scrollRestoration = 'manual';
  document.addEventListener('click', onClick);
  addEventListener('popstate', (event) => void onPop(event));
}
