/**
 * Which of several counts is the newest. Counts arrive in frames, in order, and in answers, which may be late
 * and out of order: an answer requested before the newest known count is older than it. Pure.
 */

export class LatestCount<T> {
  #value: T | null = null;
  #asked = 0;
  /** Answers to requests up to this number are outdated. */
  #known = 0;

  /** Null until it is known. */
  get value(): T | null {
    return this.#value;
  }

  /** A count from a frame: newer than every answer in flight. */
  set(value: T): void {
    this.#known = this.#asked;
    this.#value = value;
  }

  /** Starts a request. Returns a function that takes its answer: false if the answer was outdated. */
  ask(): (value: T) => boolean {
    const asked = (this.#asked += 1);
    return (value) => {
      if (asked <= this.#known) return false;
      this.#known = asked;
      this.#value = value;
      return true;
    };
  }

  /** Forgets the count and every answer in flight. */
  clear(): void {
    this.#known = this.#asked;
    this.#value = null;
  }
}
