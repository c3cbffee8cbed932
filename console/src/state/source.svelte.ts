/**
 * What a page shows of the server: `single` for one answer, `paged` for a list behind a cursor.
 * A source belongs to the component that made it, knows the topics it shows, and loads again when
 * one of them is touched. It keeps what it has while it loads, so nothing flickers.
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

/** Loads again what shows one of these topics. */
export function touch(topics: Iterable<Topic>): void {
  const changed = [...topics];
  for (const source of shown) {
    if (changed.some((topic) => source.topics.some((mine) => concerns(topic, mine)))) source.pace?.touch();
  }
}

/** Loads everything on screen again that was asked for before `before`, spread over `spread` milliseconds. */
export function refresh(before: number, spread: number): void {
  for (const source of shown) {
    if (source.pace && source.pace.started < before) source.pace.touch(Math.random() * spread);
  }
}

/** The last answers by key, so that going back shows at once what was there. */
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

/** Forgets every answer: another person may sign in. */
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
  /** Whether a first answer for what is asked now is still missing. */
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

  /** Asks again at once: after an error, or when the person did something. */
  reload(): Promise<void> {
    return this.pace?.now() ?? Promise.resolve();
  }

  /** Lets go of a running request, whose answer would be older than what is known. */
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

  /** Shows a kept answer; false when there is none. */
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

  /** Takes a value known from elsewhere (a frame, the answer of a write). */
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
/** How many requests a reload makes at most to cover what is on screen; the rest stays as it was. */
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
  /** Rows of this list that came by themselves since it was opened. */
  readonly fresh = new SvelteSet<string>();
  /** What was done to the rows while a load runs. */
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

  /** Changes rows that are already here. */
  change(change: (item: T) => T): void {
    this.#alter((items) => items.map(change));
  }

  /** Puts a row that just came on top. */
  prepend(item: T): void {
    this.#alter((items) => {
      if (items.some((known) => known.id === item.id)) return items;
      this.fresh.add(item.id);
      return [item, ...items];
    });
  }

  /** Does it now, and again to the answer of a running load, which may be older. */
  #alter(alter: (items: T[]) => T[]): void {
    this.#late?.push(alter);
    this.show(alter(this.items), this.next);
  }

  protected override restore(value: unknown): boolean {
    const rows = value as Rows<T> | undefined;
    this.fresh.clear();
    this.moreProblem = null;
    // Another filter: the old rows stay (dimmed by the page) until the new ones are here.
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

  /** What is on screen below the last reloaded row. */
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

/** One answer of the server; asked again when what the specification reads changes. */
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
