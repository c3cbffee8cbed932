/** Loads the file of a page, once. */

import type { Component } from 'svelte';

/** The page of one record takes its id; the others take nothing. */
export type PageComponent = Component<{ id: string }>;
export type Load = () => Promise<{ default: PageComponent | Component }>;

/** What a path shows; `key` distinguishes two records of one page. */
export interface Found {
  load: Load;
  key: string;
  id: string;
}

const loaded = new Map<Load, Promise<PageComponent>>();

/** The page itself: the same promise for the same page, so that it stays while its path changes. */
export function load(found: Found): Promise<PageComponent> {
  const known = loaded.get(found.load);
  if (known) return known;
  const coming = found.load().then((file) => file.default as PageComponent);
  loaded.set(found.load, coming);
  coming.catch(() => loaded.delete(found.load));
  return coming;
}
