/**
 * Which of several counts is the newest. Counts come by frames, in order, and as answers, which may come late
 * and in any order: one that was asked for before the newest known count is older than it. Pure.
 */

export class Newest<T> {
  #value: T | null = null;
  #asked = 0;
  /** Answers to what was asked up to here are old. */
  #known = 0;

  /** Null until it is known. */
  get value(): T | null {
    return this.#value;
  }

  /** From a frame: newer than every answer that is still on its way. */
  told(value: T): void {
    this.#known = this.#asked;
    this.#value = value;
  }

  /** A question leaves. Returns what to do with its answer: false if the answer was too old to take. */
  ask(): (value: T) => boolean {
    const asked = (this.#asked += 1);
    return (value) => {
      if (asked <= this.#known) return false;
      this.#known = asked;
      this.#value = value;
      return true;
    };
  }

  /** Forgets the count and every answer on its way. */
  clear(): void {
    this.#known = this.#asked;
    this.#value = null;
  }
}
