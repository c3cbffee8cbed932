/**
 * Decides when a touched source reloads: soon, but many touches in a row become one load,
 * and two loads of one source start at least a second apart. In a hidden tab it waits for the tab.
 */

/** How long touches are collected, in milliseconds. */
export const GATHER = 120;
/** The minimum time between two loads of one source, in milliseconds. */
export const APART = 1000;

export interface Environment {
  now: () => number;
  later: (run: () => void, milliseconds: number) => unknown;
  forget: (timer: unknown) => void;
  /** Calls back at once if the page is visible, otherwise as soon as it is. */
  whenVisible: (run: () => void) => void;
}

export const browser: Environment = {
  now: () => Date.now(),
  later: (run, milliseconds) => setTimeout(run, milliseconds),
  forget: (timer) => {
    clearTimeout(timer as number);
  },
  whenVisible: (run) => {
    if (document.visibilityState === 'visible') {
      run();
      return;
    }
    const seen = () => {
      if (document.visibilityState !== 'visible') return;
      document.removeEventListener('visibilitychange', seen);
      run();
    };
    document.addEventListener('visibilitychange', seen);
  },
};

export class Pace {
  #timer: unknown = null;
  #started = -Infinity;
  #running = false;
  #again = false;
  #stopped = false;
  readonly #load: () => Promise<void>;
  readonly #environment: Environment;

  constructor(load: () => Promise<void>, environment: Environment = browser) {
    this.#load = load;
    this.#environment = environment;
  }

  /** When the last load started, in milliseconds. */
  get started(): number {
    return this.#started;
  }

  /** Loads at once, replacing any planned load. */
  async now(): Promise<void> {
    this.#cancel();
    this.#started = this.#environment.now();
    this.#running = true;
    try {
      await this.#load();
    } finally {
      this.#running = false;
    }
    if (this.#again && !this.#stopped) {
      this.#again = false;
      this.touch();
    }
  }

  /** Something changed: load soon. `wait` adds a delay in milliseconds. */
  touch(wait = 0): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    if (this.#timer !== null || this.#stopped) return;
    const due = Math.max(GATHER + wait, this.#started + APART - this.#environment.now());
    this.#timer = this.#environment.later(() => {
      this.#environment.whenVisible(() => {
        if (this.#stopped) return;
        this.#timer = null;
        void this.now();
      });
    }, due);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #cancel(): void {
    if (this.#timer !== null) this.#environment.forget(this.#timer);
    this.#timer = null;
  }
}
