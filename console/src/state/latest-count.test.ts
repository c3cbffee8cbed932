import { describe, expect, it } from 'vitest';
import { LatestCount } from './latest-count';

describe('LatestCount', () => {
  // promise: E9
  it('keeps the count of a frame over an answer requested before it', () => {
    const count = new LatestCount<number>();
    const answer = count.ask();
    count.set(5);
    expect(answer(4)).toBe(false);
    expect(count.value).toBe(5);
    expect(count.ask()(6)).toBe(true);
    expect(count.value).toBe(6);
  });

  it('takes the later of two requests, in whichever order they are answered', () => {
    const count = new LatestCount<number>();
    const [first, second] = [count.ask(), count.ask()];
    expect(first(1)).toBe(true);
    expect(second(2)).toBe(true);
    expect(count.value).toBe(2);
    const [third, fourth] = [count.ask(), count.ask()];
    expect(fourth(4)).toBe(true);
    expect(third(3)).toBe(false);
    expect(count.value).toBe(4);
  });

  it('ignores an answer for a user who has left', () => {
    const count = new LatestCount<number>();
    const answer = count.ask();
    count.clear();
    expect(answer(1)).toBe(false);
    expect(count.value).toBe(null);
  });
});
