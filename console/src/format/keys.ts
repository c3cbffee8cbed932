/** Reads key by key: a single key (`?`), or a sequence of two (`g f`) within a second. Pure. */

const TOGETHER = 1000;

export class Keys {
  #first: { key: string; at: number } | null = null;

  /** The shortcut that was pressed, as written in `wanted`, or null. `at` is in milliseconds. */
  press(key: string, wanted: readonly string[], at: number): string | null {
    const before = this.#first;
    this.#first = null;
    if (before && at - before.at <= TOGETHER) {
      const both = `${before.key} ${key}`;
      if (wanted.includes(both)) return both;
    }
    if (wanted.includes(key)) return key;
    if (wanted.some((one) => one.startsWith(`${key} `))) this.#first = { key, at };
    return null;
  }
}
