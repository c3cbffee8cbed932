import { beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../api/http';
import { forgetAll, Paged, Single, type PagedSpec } from './source.svelte';

interface Row {
  id: string;
  text: string;
}

/** A server with rows; the cursor is the id of the last row. */
function serve(rows: Row[], key = 'rows') {
  const asked: { limit: number; cursor: string | null }[] = [];
  const spec: PagedSpec<Row> = {
    key,
    topics: ['rows'],
    load: ({ limit, cursor }) => {
      asked.push({ limit, cursor });
      const start = cursor === null ? 0 : rows.findIndex((row) => row.id === cursor) + 1;
      const items = rows.slice(start, start + limit);
      const last = items.at(-1);
      return Promise.resolve({ items, next_cursor: last && start + limit < rows.length ? last.id : null });
    },
  };
  return { asked, spec };
}

const rows = (count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: `r${String(index)}`, text: 'old' }));
const ids = (list: Paged<Row>) => list.items.map((row) => row.id);
const settle = () => new Promise((done) => setTimeout(done, 0));

beforeEach(() => {
  forgetAll();
});

describe('Paged', () => {
  it('loads page by page, each row once', async () => {
    const { spec } = serve(rows(120));
    const list = new Paged<Row>();
    list.open(spec);
    await settle();
    expect(list.waiting).toBe(false);
    expect(list.items).toHaveLength(50);
    await list.loadMore();
    await list.loadMore();
    await list.loadMore();
    expect(new Set(ids(list)).size).toBe(120);
    expect(list.next).toBeNull();
    list.close();
  });

  it('reloads everything on screen, and marks rows that arrived live', async () => {
    const data = rows(120);
    const { spec } = serve(data);
    const list = new Paged<Row>();
    list.open(spec);
    await settle();
    await list.loadMore();
    data.unshift({ id: 'new', text: 'new' });
    data[60] = { id: data[60]?.id ?? '', text: 'changed' };
    await list.reload();
    expect(list.items).toHaveLength(100);
    expect(ids(list)[0]).toBe('new');
    expect(list.items[60]?.text).toBe('changed');
    expect([...list.fresh]).toEqual(['new']);
    expect(list.next).toBe(ids(list).at(-1));
    list.close();
  });

  it('keeps rows below those that a reload covers', async () => {
    const { spec, asked } = serve(rows(1000));
    const list = new Paged<Row>();
    list.open(spec);
    await settle();
    while (list.items.length < 900) await list.loadMore();
    asked.length = 0;
    await list.reload();
    expect(asked).toHaveLength(3);
    expect(list.items).toHaveLength(900);
    expect(new Set(ids(list)).size).toBe(900);
    expect(list.next).toBe('r899');
    list.close();
  });

  it('shows the cached list at once on return, then the current one', async () => {
    const data = rows(3);
    const first = new Paged<Row>();
    first.open(serve(data).spec);
    await settle();
    first.close();
    data.unshift({ id: 'new', text: 'new' });
    const second = new Paged<Row>();
    second.open(serve(data).spec);
    expect(second.waiting).toBe(false);
    expect(ids(second)).toEqual(['r0', 'r1', 'r2']);
    await settle();
    expect(ids(second)).toEqual(['new', 'r0', 'r1', 'r2']);
    second.close();
  });

  it('keeps changes of the stream that a load in flight does not know yet', async () => {
    const list = new Paged<Row>();
    list.open({
      key: 'inbox',
      topics: [],
      load: async () => (await settle(), { items: rows(2), next_cursor: null }),
    });
    list.prepend({ id: 'live', text: 'live' });
    list.prepend({ id: 'live', text: 'live' });
    list.change((row) => (row.id === 'r1' ? { ...row, text: 'read' } : row));
    expect(ids(list)).toEqual(['live']);
    await settle();
    await settle();
    expect(ids(list)).toEqual(['live', 'r0', 'r1']);
    expect(list.items[2]?.text).toBe('read');
    list.close();
  });

  it('reports the problem and keeps its data', async () => {
    const list = new Paged<Row>();
    const good = serve(rows(2)).spec;
    let broken = false;
    list.open({
      ...good,
      load: (...ask) => (broken ? Promise.reject(new Problem(503, 'busy', '')) : good.load(...ask)),
    });
    await settle();
    broken = true;
    await list.reload();
    expect(list.problem?.status).toBe(503);
    expect(list.items).toHaveLength(2);
    broken = false;
    await list.reload();
    expect(list.problem).toBeNull();
    list.close();
  });
});

describe('Single', () => {
  it('prefers a value set from elsewhere over the answer to an older request', async () => {
    const one = new Single<string>();
    one.open({ key: 'one', topics: [], load: async () => (await settle(), 'old') });
    one.set('new');
    await settle();
    await settle();
    expect(one.data).toBe('new');
    expect(one.waiting).toBe(false);
    one.close();
  });
});
