import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../api/types';
import { ASK, PATIENCE, Shared, SLEPT, type Channel, type Locks, type Message, type Stream } from './share';
import type { LiveState, StreamHandlers } from './stream';

const soon = () => vi.advanceTimersByTimeAsync(1);
const frame = (id: string): Frame => ({ type: 'finding.created', id });

/** The locks of one browser, as specified: a queue for each name; a steal goes to its head. */
class FakeLocks implements Locks {
  #held: { run: object; lose: (why: Error) => void } | null = null;
  #queue: (() => void)[] = [];
  /** A browser that has the interface but grants no locks. */
  broken = false;

  request(_name: string, options: { signal: AbortSignal } | { steal: true }, run: () => Promise<void>) {
    if (this.broken) return Promise.reject(new Error('SecurityError'));
    return new Promise<unknown>((done, fail) => {
      const grant = () => {
        const mine = { run, lose: fail };
        this.#held = mine;
        void run().then(() => {
          if (this.#held !== mine) return;
          this.#held = null;
          done(undefined);
          this.#next();
        });
      };
      if ('steal' in options) {
        this.#held?.lose(new Error('AbortError'));
        grant();
        return;
      }
      options.signal.addEventListener('abort', () => {
        this.#queue = this.#queue.filter((one) => one !== grant);
        fail(new Error('AbortError'));
      });
      this.#queue.push(grant);
      if (!this.#held) this.#next();
    });
  }

  /** The holder's process is gone. */
  crash() {
    this.#held = null;
    this.#next();
  }

  #next() {
    const next = this.#queue.shift();
    if (next) queueMicrotask(next);
  }
}

class Tab {
  readonly states: LiveState[] = [];
  readonly opened: boolean[] = [];
  readonly frames: string[] = [];
  readonly streams: (Stream & { handlers: StreamHandlers; open: boolean; reopened: number })[] = [];
  readonly shared: Shared;
  hidden = false;
  /** Nothing runs: messages wait. */
  #frozen = false;
  #running: Promise<void> = Promise.resolve();
  #run: () => void = () => undefined;
  readonly #waiting: Message[] = [];
  #hear: (message: Message) => void = () => undefined;

  constructor(browser: Browser, user: string) {
    this.shared = new Shared({
      name: `live.${user}`,
      // News about a lock reaches only a running tab.
      locks: {
        request: (...ask) =>
          browser
            .locks(user)
            .request(...ask)
            .finally(() => this.#running),
      },
      channel: (name) => browser.channel(name, this),
      stream: (handlers) => this.#stream(handlers),
      hidden: () => this.hidden,
      handle: ({ id }) => this.frames.push(id ?? ''),
      opened: (again) => this.opened.push(again),
      changed: (state) => this.states.push(state),
    });
    this.shared.start();
  }

  #stream(handlers: StreamHandlers) {
    const stream = {
      handlers,
      open: false,
      reopened: 0,
      start: () => {
        stream.open = true;
      },
      stop: () => {
        stream.open = false;
      },
      reopen: () => {
        stream.reopened += 1;
      },
      lost: () => undefined,
    };
    this.streams.push(stream);
    return stream;
  }

  /** The handlers of this tab's connection, if it has one. */
  get handlers(): StreamHandlers {
    const stream = this.streams.at(-1);
    if (!stream?.open) throw new Error('this tab has no connection');
    return stream.handlers;
  }
  get leads(): boolean {
    return this.streams.some(({ open }) => open);
  }
  get state(): LiveState | undefined {
    return this.states.at(-1);
  }
  hears(how: (message: Message) => void) {
    this.#hear = how;
  }
  receive(message: Message) {
    if (this.frozen) this.#waiting.push(message);
    else this.#hear(message);
  }
  get frozen(): boolean {
    return this.#frozen;
  }
  set frozen(value: boolean) {
    this.#frozen = value;
    if (value) this.#running = new Promise((run) => (this.#run = run));
  }
  thaw() {
    this.frozen = false;
    this.#run();
    for (const message of this.#waiting.splice(0)) this.#hear(message);
  }
}

class Browser {
  readonly #locks = new Map<string, FakeLocks>();
  readonly #channels: { name: string; tab: Tab; channel: Channel }[] = [];

  locks(user: string): FakeLocks {
    const locks = this.#locks.get(user) ?? new FakeLocks();
    this.#locks.set(user, locks);
    return locks;
  }

  channel(name: string, tab: Tab): Channel {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        if (tab.frozen) return;
        for (const other of this.#channels) {
          if (other.name === name && other.channel !== channel) other.tab.receive(structuredClone(message));
        }
      },
      close: () => {
        this.#channels.splice(
          this.#channels.findIndex((one) => one.channel === channel),
          1,
        );
      },
    };
    tab.hears((message) => channel.onmessage?.({ data: message }));
    this.#channels.push({ name, tab, channel });
    return channel;
  }

  /** The tab is gone without notice. */
  crash(tab: Tab, user = 'ana') {
    tab.frozen = true;
    this.#channels.splice(
      this.#channels.findIndex((one) => one.tab === tab),
      1,
    );
    this.locks(user).crash();
  }
}

let browser = new Browser();
const open = async (user = 'ana'): Promise<Tab> => {
  const tab = new Tab(browser, user);
  await soon();
  return tab;
};
/** Three live tabs, led by the first. */
async function three(): Promise<[Tab, Tab, Tab]> {
  const tabs: [Tab, Tab, Tab] = [await open(), await open(), await open()];
  tabs[0].handlers.changed('live');
  return tabs;
}

beforeEach(() => {
  vi.useFakeTimers();
  browser = new Browser();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Shared', () => {
  // promise: E9
  it('has one connection for all tabs, and passes every frame to each once', async () => {
    const tabs = await three();
    expect(tabs.map(({ streams }) => streams.length)).toEqual([1, 0, 0]);
    tabs[0].handlers.handle(frame('f1'));
    expect(tabs.map(({ frames }) => frames)).toEqual([['f1'], ['f1'], ['f1']]);
  });

  it('shows the leader’s state in all tabs, and refetches in all when it is live again', async () => {
    const tabs = await three();
    for (const state of ['reconnecting', 'offline', 'live'] as const) tabs[0].handlers.changed(state);
    for (const { states, opened } of tabs) {
      expect(states).toEqual(['live', 'reconnecting', 'offline', 'live']);
      expect(opened).toEqual([false, true]);
    }
  });

  it('informs a joining tab that it is live from now on, and no other', async () => {
    const tabs = await three();
    const late = await open();
    expect(late.states).toEqual(['live']);
    expect(late.opened).toEqual([false]);
    expect(tabs.map(({ opened }) => opened)).toEqual([[false], [false], [false]]);
  });

  // promise: E6
  it('continues in the next tab when the leader closes or crashes, as after a lost connection', async () => {
    const [one, two, last] = await three();
    one.shared.stop();
    await soon();
    expect([one.leads, two.leads, last.leads]).toEqual([false, true, false]);
    expect([two.state, last.state]).toEqual(['reconnecting', 'reconnecting']);
    two.handlers.changed('live');
    expect([two.opened, last.opened]).toEqual([
      [false, true],
      [false, true],
    ]);
    browser.crash(two);
    await soon();
    last.handlers.changed('live');
    last.handlers.handle(frame('f2'));
    expect(last.opened).toEqual([false, true, true]);
    expect(last.frames).toEqual(['f2']);
    expect(one.frames).toEqual([]);
  });

  it('takes over from a leader that does not run, only once', async () => {
    const [one, two, last] = await three();
    last.hidden = true;
    one.frozen = true;
    await vi.advanceTimersByTimeAsync(ASK + 2 * PATIENCE);
    expect([two.leads, last.leads]).toEqual([true, false]);
    two.handlers.changed('live');
    expect([two.opened, last.opened]).toEqual([
      [false, true],
      [false, true],
    ]);
    one.thaw();
    await soon();
    expect(one.leads).toBe(false);
    two.handlers.handle(frame('f3'));
    expect([one.frames, two.frames, last.frames]).toEqual([['f3'], ['f3'], ['f3']]);
    await vi.advanceTimersByTimeAsync(10 * ASK);
    expect([one.leads, two.leads, last.leads]).toEqual([false, true, false]);
    expect(two.opened).toEqual([false, true]);
  });

  it('checks at once when it becomes visible', async () => {
    const [one, two, last] = await three();
    two.hidden = last.hidden = true;
    one.frozen = true;
    await vi.advanceTimersByTimeAsync(10 * ASK);
    expect([two.leads, last.leads]).toEqual([false, false]);
    last.hidden = false;
    last.shared.look();
    await vi.advanceTimersByTimeAsync(2 * PATIENCE);
    expect(last.leads).toBe(true);
  });

  it('leaves a leader that answers alone, even if it is hidden', async () => {
    const [one, two] = await three();
    one.hidden = true;
    await vi.advanceTimersByTimeAsync(20 * ASK);
    expect([one.leads, two.leads]).toEqual([true, false]);
    expect(one.streams[0]?.reopened).toBe(0);
  });

  it('is patient with a busy leader', async () => {
    const [one, two, last] = await three();
    one.frozen = true;
    await vi.advanceTimersByTimeAsync(ASK + PATIENCE);
    one.thaw();
    await vi.advanceTimersByTimeAsync(10 * ASK);
    expect([one.leads, two.leads, last.leads]).toEqual([true, false, false]);
  });

  it('takes no frame before it knows its leader: earlier changes are refetched', async () => {
    const [one] = await three();
    one.frozen = true;
    const late = await open();
    one.frozen = false;
    one.handlers.handle(frame('early'));
    expect(late.frames).toEqual([]);
    one.thaw();
    expect(late.opened).toEqual([false]);
    one.handlers.handle(frame('f5'));
    expect(late.frames).toEqual(['f5']);
  });

  it('takes over a broken connection from a hidden tab, whose timers are late', async () => {
    const [one, two, last] = await three();
    one.hidden = last.hidden = true;
    one.handlers.changed('reconnecting');
    await soon();
    expect([one.leads, two.leads, last.leads]).toEqual([false, true, false]);
    two.handlers.changed('live');
    expect(one.opened).toEqual([false, true]);
  });

  it('makes a hidden leader reconnect after the machine slept', async () => {
    const [one, two, last] = await three();
    one.hidden = last.hidden = true;
    await vi.advanceTimersByTimeAsync(ASK);
    vi.setSystemTime(Date.now() + SLEPT + ASK);
    await vi.advanceTimersByTimeAsync(ASK);
    expect(one.streams[0]?.reopened).toBe(1);
    expect(two.leads).toBe(false);
  });

  it('trusts the leader that took over, not the one that has not noticed', async () => {
    const [one, two, last] = await three();
    last.hidden = true;
    one.frozen = true;
    await vi.advanceTimersByTimeAsync(ASK + 2 * PATIENCE);
    two.handlers.changed('live');
    expect([one.leads, two.leads]).toEqual([true, true]);
    // It runs again, and a frame of its connection arrives before the news about the lock.
    const stale = one.handlers;
    one.frozen = false;
    stale.handle(frame('old'));
    stale.changed('live');
    expect(last.opened).toEqual([false, true]);
    expect(last.frames).toEqual([]);
    // The leader has announced it.
    expect([one.leads, two.leads]).toEqual([false, true]);
    one.thaw();
    await soon();
    two.handlers.handle(frame('new'));
    expect([one.frames.at(-1), last.frames.at(-1)]).toEqual(['new', 'new']);
    expect(one.state).toBe('live');
  });

  it('never passes anything to a tab of another user', async () => {
    const [ana] = await three();
    const ben = await open('ben');
    expect(ben.leads).toBe(true);
    ana.handlers.handle(frame('hers'));
    ben.handlers.changed('live');
    ben.handlers.handle(frame('his'));
    expect(ana.frames).toEqual(['hers']);
    expect(ben.frames).toEqual(['his']);
  });

  it('is silent after stop, and can start again', async () => {
    const [one, two] = await three();
    const before = one.handlers;
    one.shared.stop();
    before.handle(frame('late'));
    await soon();
    two.handlers.changed('live');
    two.handlers.handle(frame('f4'));
    expect(one.frames).toEqual([]);
    expect(two.frames).toEqual(['f4']);
    expect(one.state).toBe('connecting');
    one.shared.start();
    await soon();
    expect(one.state).toBe('live');
    expect(one.leads).toBe(false);
    expect(one.opened).toEqual([false, false]);
  });

  it('has a connection even if locks are denied', async () => {
    browser.locks('ana').broken = true;
    const tab = await open();
    tab.handlers.changed('live');
    expect(tab.state).toBe('live');
    expect(tab.streams).toHaveLength(1);
  });
});
