/**
 * One connection of the live stream for all tabs of one user in one browser: over HTTP/1.1, six streams
 * would use up every connection to the host. It owns who leads and what tabs tell each other. It must
 * not know what a frame means, nor how a connection is kept: that is stream.ts; only the leader runs one.
 *
 * The leader is the tab that holds a Web Lock, so that the next tab in the queue follows at once when it is
 * closed or crashes. A tab that only stopped running (a phone freezes hidden tabs, not all say so) keeps its
 * lock; so visible tabs ask now and then, and take the lock from a leader that does not answer. Questions
 * and answers are messages, because timers of hidden tabs are throttled to one a minute.
 *
 * Not a SharedWorker: Chrome on Android has lacked it for most of its life, and without it we would
 * need this as well.
 */

import type { Frame } from '../api/types';
import type { LiveState, StreamHandlers } from './stream';

/** The connection, as far as it is used here: `Live` is one. */
export interface Stream {
  start: () => void;
  stop: () => void;
  reopen: () => void;
  lost: () => void;
}

/** The part of `BroadcastChannel` that is used. */
export interface Channel {
  onmessage: ((event: { data: Message }) => void) | null;
  postMessage: (message: Message) => void;
  close: () => void;
}

/** The part of `navigator.locks` that is used. */
export interface Locks {
  request: (
    name: string,
    options: { signal: AbortSignal } | { steal: true },
    run: () => Promise<void>,
  ) => Promise<unknown>;
}

/**
 * `term` identifies a leader; of two, the one with the higher term wins. `opened` counts its connections: a
 * pair not seen before means that something may have been missed.
 */
export type Message =
  | { kind: 'state'; term: number; opened: number; state: LiveState; hidden: boolean }
  | { kind: 'frame'; term: number; frame: Frame }
  | { kind: 'ask'; slept: boolean };

export interface Environment extends StreamHandlers {
  /** The name of the lock and the channel. It includes the user, so that nobody receives another's frames. */
  name: string;
  locks: Locks;
  channel: (name: string) => Channel;
  /** Creates the one connection, for a leader. */
  stream: (handlers: StreamHandlers) => Stream;
  hidden: () => boolean;
}

/** How often a visible tab asks its leader, in milliseconds. */
export const ASK = 1000;
/** How long it waits for an answer, in milliseconds. After two unanswered questions it leads. */
export const PATIENCE = 500;
/** A gap this long between two checks means that the machine slept, in milliseconds. */
export const SLEPT = 45_000;

export class Shared implements Stream {
  readonly #environment: Environment;
  #channel: Channel | null = null;
  /** The connection, while this tab leads. */
  #stream: Stream | null = null;
  #release: (() => void) | null = null;
  #queue: AbortController | null = null;
  /** Counts requests for the lock: the outcome of an older one does not matter. */
  #request = 0;
  #term = 0;
  #opened = 0;
  #state: LiveState = 'connecting';
  /** The leader's connection that this tab was last live through. */
  #by = '';
  #heard = 0;
  /** The last check while the tab was visible, or 0. */
  #looked = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  #patience: ReturnType<typeof setTimeout> | null = null;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  start(): void {
    if (this.#channel) return;
    this.#channel = this.#environment.channel(this.#environment.name);
    this.#channel.onmessage = (event) => {
      this.#hear(event.data);
    };
    this.#timer = setInterval(() => {
      this.look();
    }, ASK);
    this.#wait();
    this.#ask(2);
  }

  stop(): void {
    this.#request += 1;
    this.#channel?.close();
    this.#channel = null;
    this.#queue?.abort();
    this.#resign();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#forgive();
    this.#by = '';
    this.#become('connecting');
  }

  // Every tab hears from the browser about the network; the connection is the leader's.
  reopen(): void {
    this.#stream?.reopen();
  }

  lost(): void {
    this.#stream?.lost();
  }

  /** Asks whether there is a leader: now and then, and when the tab becomes visible. */
  look(): void {
    const hidden = this.#environment.hidden();
    const now = Date.now();
    const slept = this.#looked > 0 && now - this.#looked > SLEPT;
    this.#looked = hidden ? 0 : now;
    // Nobody sees a hidden tab, and its timers are late: it neither asks nor judges.
    if (!this.#channel || this.#stream || hidden) return;
    if (this.#patience === null) this.#ask(2, slept);
  }

  #ask(tries: number, slept = false): void {
    const asked = (this.#heard += 1);
    this.#patience = setTimeout(() => {
      this.#patience = null;
      if (this.#heard !== asked || this.#stream) return;
      if (tries > 1) this.#ask(tries - 1);
      else if (!this.#environment.hidden()) this.#take();
    }, PATIENCE);
    this.#channel?.postMessage({ kind: 'ask', slept });
  }

  #forgive(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
  }

  /** Queues for the lock. */
  #wait(): void {
    this.#queue = new AbortController();
    this.#claim({ signal: this.#queue.signal });
  }

  /** Takes the lock from its holder. */
  #take(): void {
    this.#queue?.abort();
    this.#claim({ steal: true });
  }

  #claim(options: { signal: AbortSignal } | { steal: true }): void {
    const request = (this.#request += 1);
    const mine = () => request === this.#request && this.#channel !== null;
    let granted = false;
    const run = () => {
      granted = true;
      return mine() ? this.#lead() : Promise.resolve();
    };
    const ended = () => {
      if (!mine()) return;
      // Another tab took it; or the browser grants no locks, and only the terms decide who leads.
      this.#resign();
      if (granted) this.#wait();
      else void this.#lead();
    };
    void this.#environment.locks.request(this.#environment.name, options, run).then(ended, ended);
  }

  /** Leads until the lock is released. */
  #lead(): Promise<void> {
    this.#forgive();
    // Higher than every term so far, also for a tab that has heard of none.
    this.#term = Math.max(Date.now(), Math.floor(this.#term) + 1) + Math.random();
    this.#opened = 0;
    const stream: Stream = this.#environment.stream({
      handle: (frame) => {
        if (stream !== this.#stream) return;
        this.#channel?.postMessage({ kind: 'frame', term: this.#term, frame });
        this.#environment.handle(frame);
      },
      opened: () => {
        // The state that follows announces it.
      },
      changed: (state) => {
        if (stream !== this.#stream) return;
        if (state === 'live') this.#opened += 1;
        this.#tell(state);
      },
    });
    this.#stream = stream;
    return new Promise((done) => {
      this.#release = done;
      this.#tell('connecting');
      stream.start();
    });
  }

  #resign(): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.stop();
    this.#release?.();
    this.#release = null;
  }

  #tell(state: LiveState): void {
    this.#channel?.postMessage(this.#report(state));
    this.#show(state);
  }

  #report(state: LiveState): Message {
    return {
      kind: 'state',
      term: this.#term,
      opened: this.#opened,
      state,
      hidden: this.#environment.hidden(),
    };
  }

  #hear(message: Message): void {
    if (message.kind === 'ask') {
      if (this.#stream) this.#answer(message.slept);
    } else if (message.term < this.#term) {
      // A tab that lost the lock while it could not run, and has not noticed yet.
      if (this.#stream) this.#answer(false);
    } else if (message.kind === 'state') {
      this.#follow(message);
    } else if (message.term === this.#term && !this.#stream) {
      this.#environment.handle(message.frame);
    }
  }

  #answer(slept: boolean): void {
    this.#channel?.postMessage(this.#report(this.#state));
    // The timers of a hidden tab may notice only a minute later that the machine slept.
    if (slept && this.#environment.hidden()) this.#stream?.reopen();
  }

  #follow(message: Message & { kind: 'state' }): void {
    if (this.#stream) {
      // A higher term: another tab already has the lock, and the news is on its way.
      if (message.term > this.#term) this.#resign();
      else return;
    }
    this.#heard += 1;
    this.#forgive();
    this.#term = message.term;
    this.#opened = message.opened;
    this.#show(message.state);
    // A hidden leader waits too long between its attempts; this tab is visible.
    if (
      message.hidden &&
      message.state !== 'live' &&
      message.state !== 'connecting' &&
      !this.#environment.hidden()
    ) {
      this.#take();
    }
  }

  /** Shows the leader's state, and reports a connection that this tab was not live through. */
  #show(state: LiveState): void {
    const again = this.#by !== '';
    // For a tab that was live, the first attempt of the next leader is a reconnect.
    this.#become(again && state === 'connecting' ? 'reconnecting' : state);
    const by = `${String(this.#term)}:${String(this.#opened)}`;
    if (state !== 'live' || by === this.#by) return;
    this.#by = by;
    this.#environment.opened(again);
  }

  #become(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#environment.changed(state);
  }
}
