/**
 * The server data of a page: `single` for one answer, `paged` for a list behind a cursor.
 * A source belongs to the component that created it, knows the topics it shows, and reloads when
 * one of them is touched. It keeps its data while it loads, so nothing flickers.
 */

import { untrack } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';
import { Problem } from '../api/http';
import type { Page } from '../api/types';
import { Pace } from './pace';
import { concerns, type Topic } from './topics';

interface Shown {
  topics: readonly Topic[];
  pace: Pace | null;
}

const shown = new Set<Shown>();

/** Reloads whatever shows one of these topics. */
export function touch(topics: Iterable<Topic>): void {
  const changed = [...topics];
  for (const source of shown) {
    if (changed.some((topic) => source.topics.some((mine) => concerns(topic, mine)))) source.pace?.touch();
  }
}

/** Reloads everything on screen that was requested before `before`, spread over `spread` milliseconds. */
export function refresh(before: number, spread: number): void {
  for (const source of shown) {
    if (source.pace && source.pace.started < before) source.pace.touch(Math.random() * spread);
  }
}

/** The last answers by key, so that going back shows them at once. */
const kept = new Map<string, unknown>();
const KEPT = 40;

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
}

/** Forgets every answer: another user may sign in. */
export function forgetAll(): void {
  kept.clear();
}

function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'unexpected', String(error));
}

abstract class Source<S extends { key: string; topics: readonly Topic[] }> implements Shown {
  topics: readonly Topic[] = [];
  pace: Pace | null = null;
  problem = $state.raw<Problem | null>(null);
  /** Whether the first answer for the current key is still missing. */
  waiting = $state(true);
  protected spec: S | null = null;
  #abort: AbortController | null = null;

  open(spec: S): void {
    this.spec = spec;
    this.topics = spec.topics;
    this.problem = null;
    this.waiting = !this.restore(kept.get(spec.key));
    this.pace = new Pace(() => this.#run());
    shown.add(this);
    void this.pace.now();
  }

  close(): void {
    shown.delete(this);
    this.pace?.stop();
    this.pace = null;
    this.drop();
  }

  /** Reloads at once: after an error, or after an action of the user. */
  reload(): Promise<void> {
    return this.pace?.now() ?? Promise.resolve();
  }

  /** Drops a request in flight, whose answer would be older than what is known. */
  protected drop(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  protected remember(value: unknown): void {
    if (this.spec) keep(this.spec.key, value);
  }

  async #run(): Promise<void> {
    this.drop();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await this.load(abort.signal);
      if (abort.signal.aborted) return;
      this.problem = null;
      this.waiting = false;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem = asProblem(error);
      this.waiting = false;
    }
  }

  /** Shows a cached answer; false if there is none. */
  protected abstract restore(value: unknown): boolean;
  protected abstract load(signal: AbortSignal): Promise<void>;
}

export interface SingleSpec<T> {
  key: string;
  topics: readonly Topic[];
  load: (signal: AbortSignal) => Promise<T>;
}

export class Single<T> extends Source<SingleSpec<T>> {
  data = $state.raw<T | undefined>();

  /** Sets a value known from elsewhere (a frame, the answer to a write). */
  set(value: T): void {
    this.drop();
    this.data = value;
    this.problem = null;
    this.waiting = false;
    this.remember(value);
  }

  protected override restore(value: unknown): boolean {
    this.data = value as T | undefined;
    return value !== undefined;
  }

  protected override async load(signal: AbortSignal): Promise<void> {
    const value = await (this.spec as SingleSpec<T>).load(signal);
    if (signal.aborted) return;
    this.data = value;
    this.remember(value);
  }
}

export interface PagedSpec<T> {
  key: string;
  topics: readonly Topic[];
  load: (page: { limit: number; cursor: string | null }, signal: AbortSignal) => Promise<Page<T>>;
}

const FIRST = 50;
const MOST = 200;
/** The most requests a reload makes to cover what is on screen; the rest stays as it was. */
const REQUESTS = 3;

interface Rows<T> {
  items: T[];
  next: string | null;
}

export class Paged<T extends { id: string }> extends Source<PagedSpec<T>> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  more = $state(false);
  moreProblem = $state.raw<Problem | null>(null);
  /** Rows of this list that arrived live since it was opened. */
  readonly fresh = new SvelteSet<string>();
  /** The changes made to rows while a load runs. */
  #late: ((items: T[]) => T[])[] | null = null;

  /** Loads the next page below. */
  async loadMore(): Promise<void> {
    const spec = this.spec;
    if (!spec || this.next === null || this.more) return;
    this.more = true;
    this.moreProblem = null;
    try {
      const page = await spec.load({ limit: FIRST, cursor: this.next }, new AbortController().signal);
      if (spec !== this.spec) return;
      const known = new Set(this.items.map((item) => item.id));
      this.show([...this.items, ...page.items.filter((item) => !known.has(item.id))], page.next_cursor);
    } catch (error) {
      if (spec === this.spec) this.moreProblem = asProblem(error);
    } finally {
      this.more = false;
    }
  }

  /** Changes rows that are already loaded. */
  change(change: (item: T) => T): void {
    this.#alter((items) => items.map(change));
  }

  /** Puts a row that just arrived on top. */
  prepend(item: T): void {
    this.#alter((items) => {
      if (items.some((known) => known.id === item.id)) return items;
      this.fresh.add(item.id);
      return [item, ...items];
    });
  }

  /** Applies a change now, and again to the answer of a load in flight, which may be older. */
  #alter(alter: (items: T[]) => T[]): void {
    this.#late?.push(alter);
    this.show(alter(this.items), this.next);
  }

  protected override restore(value: unknown): boolean {
    const rows = value as Rows<T> | undefined;
    this.fresh.clear();
    this.moreProblem = null;
    // A different filter: the old rows stay (dimmed by the page) until the new ones arrive.
    if (rows) {
      this.items = rows.items;
      this.next = rows.next;
    }
    return rows !== undefined;
  }

  protected override async load(signal: AbortSignal): Promise<void> {
    const spec = this.spec as PagedSpec<T>;
    const first = this.waiting;
    const late = (this.#late = []) as ((items: T[]) => T[])[];
    const wanted = first ? FIRST : Math.max(FIRST, this.items.length);
    let rows: T[] = [];
    let cursor: string | null = null;
    for (let request = 0; request < REQUESTS; request += 1) {
      const page = await spec.load({ limit: Math.min(MOST, wanted - rows.length), cursor }, signal);
      if (signal.aborted) return;
      rows = [...rows, ...page.items];
      cursor = page.next_cursor;
      if (cursor === null || rows.length >= wanted) break;
    }
    if (!first) this.#mark(rows);
    const tail = !first && cursor !== null && this.items.length > rows.length ? this.#below(rows) : null;
    const loaded = tail ? [...rows, ...tail] : rows;
    this.show(
      late.reduce((items, alter) => alter(items), loaded),
      tail ? this.next : cursor,
    );
    this.#late = null;
  }

  #mark(rows: T[]): void {
    const known = new Set(this.items.map((item) => item.id));
    for (const row of rows) if (!known.has(row.id)) this.fresh.add(row.id);
  }

  /** The rows on screen below the last reloaded one. */
  #below(rows: T[]): T[] | null {
    const last = rows.at(-1)?.id;
    const at = this.items.findIndex((item) => item.id === last);
    if (at < 0) return null;
    const known = new Set(rows.map((row) => row.id));
    return this.items.slice(at + 1).filter((item) => !known.has(item.id));
  }

  private show(items: T[], next: string | null): void {
    this.items = items;
    this.next = next;
    this.remember({ items, next } satisfies Rows<T>);
  }
}

/** One answer of the server; requested again when anything its specification reads changes. */
export function single<T>(spec: () => SingleSpec<T>): Single<T> {
  return attach(new Single<T>(), spec);
}

/** A list of the server behind a cursor. */
export function paged<T extends { id: string }>(spec: () => PagedSpec<T>): Paged<T> {
  return attach(new Paged<T>(), spec);
}

function attach<S, Q extends { open: (spec: S) => void; close: () => void }>(source: Q, spec: () => S): Q {
  $effect(() => {
    const wanted = spec();
    untrack(() => {
      source.open(wanted);
    });
    return () => {
      source.close();
    };
  });
  return source;
}
