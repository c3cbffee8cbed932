/**
 * The one connection of the live stream. It keeps the connection open, reports its state, and passes every
 * frame to one handler. It must not know what a frame means: that is frames.ts.
 *
 * EventSource gives up for good on an error answer and retries without jitter on a lost connection, so both
 * are handled the same way here: close, wait (longer each time, with jitter), open again.
 */

import type { Frame } from '../api/types';
import { parseFrame } from './frames';

export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'offline';

export interface Connection {
  onmessage: ((event: { data: string }) => void) | null;
  onerror: (() => void) | null;
  close: () => void;
}

/** The handlers of the stream. */
export interface StreamHandlers {
  /** Each frame except the ping. */
  handle: (frame: Frame) => void;
  /** The stream is open (again): anything requested before this moment may be outdated. */
  opened: (again: boolean) => void;
  changed: (state: LiveState) => void;
}

export interface Environment extends StreamHandlers {
  open: () => Connection;
  /**
   * Makes a small API request. `ended`: there is no session any more. `missed`: the answer shows a change
   * that no frame announced.
   */
  probe: () => Promise<'fine' | 'missed' | 'ended' | 'down'>;
  online: () => boolean;
  /** Whether the page is hidden: then its timers may be a minute late. */
  hidden: () => boolean;
  random: () => number;
}

/** The longest wait between two attempts, in milliseconds. */
export const LONGEST = 30_000;
/** After this long without a frame, the watchdog checks whether one was missed, in milliseconds. */
export const SILENCE = 60_000;
/** How often the watchdog runs, in milliseconds. A much longer gap means that the machine slept. */
export const LOOK = 15_000;

/** The wait before attempt `attempt` (0 for the first), in milliseconds: half of it is jitter. */
export function backoff(attempt: number, random: number): number {
  const most = Math.min(LONGEST, 1000 * 2 ** Math.min(attempt, 10));
  return most * (0.5 + random / 2);
}

export class Live {
  readonly #environment: Environment;
  #connection: Connection | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #watch: ReturnType<typeof setInterval> | null = null;
  #attempt = 0;
  #wasOpen = false;
  #heard = 0;
  #began = 0;
  #looked = 0;
  #wasHidden = false;
  #running = false;
  #state: LiveState = 'connecting';

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#attempt = 0;
    this.#looked = Date.now();
    this.#watch = setInterval(() => {
      void this.#look();
    }, LOOK);
    this.#open();
  }

  stop(): void {
    this.#running = false;
    this.#wasOpen = false;
    this.#close();
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
    this.#become('connecting');
  }

  /** The page is back (from the cache, from sleep, online again): reconnect without waiting. */
  reopen(): void {
    if (!this.#running) return;
    this.#attempt = 0;
    this.#open();
  }

  /** The browser reports that it is offline. */
  lost(): void {
    if (!this.#running) return;
    this.#close();
    this.#become('offline');
    this.#retry();
  }

  #open(): void {
    this.#close();
    if (this.#state !== 'connecting') this.#become(this.#environment.online() ? 'reconnecting' : 'offline');
    const connection = this.#environment.open();
    this.#connection = connection;
    this.#began = Date.now();
    connection.onmessage = (event) => {
      if (connection === this.#connection) this.#hear(event.data);
    };
    connection.onerror = () => {
      if (connection === this.#connection) void this.#fail();
    };
  }

  #hear(text: string): void {
    this.#heard = Date.now();
    if (this.#state !== 'live') {
      const again = this.#wasOpen;
      this.#wasOpen = true;
      this.#attempt = 0;
      this.#become('live');
      this.#environment.opened(again);
    }
    const frame = parseFrame(text);
    if (frame && frame.type !== 'ping') this.#environment.handle(frame);
  }

  async #fail(): Promise<void> {
    this.#close();
    this.#become(this.#environment.online() ? 'reconnecting' : 'offline');
    this.#retry();
    // An EventSource gives no reason: an ended session must lead to the sign-in page, not to retries.
    if ((await this.#environment.probe()) === 'down' && this.#running && this.#state !== 'live')
      this.#become('offline');
  }

  #retry(): void {
    const wait = backoff(this.#attempt, this.#environment.random());
    this.#attempt += 1;
    this.#timer = setTimeout(() => {
      this.#open();
    }, wait);
  }

  /** Heartbeats are comments, which scripts cannot see: this finds a connection that died silently. */
  async #look(): Promise<void> {
    const now = Date.now();
    const hidden = this.#environment.hidden();
    const slept = now - this.#looked > (hidden || this.#wasHidden ? 8 : 3) * LOOK;
    this.#looked = now;
    this.#wasHidden = hidden;
    if (this.#state !== 'live') {
      // Where packets are lost, an attempt may hang for minutes without an error.
      if (this.#connection && now - this.#began >= LOOK) await this.#fail();
      return;
    }
    if (slept) {
      this.reopen();
      return;
    }
    if (now - this.#heard < SILENCE) return;
    this.#heard = now;
    const found = await this.#environment.probe();
    if (found !== 'fine' && found !== 'ended' && this.#heard === now) this.reopen();
  }

  #close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#connection?.close();
    this.#connection = null;
  }

  #become(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#environment.changed(state);
  }
}
