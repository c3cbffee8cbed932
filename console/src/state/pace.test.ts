import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { APART, GATHER, Pace, type Environment } from './pace';

let visible = true;
let waiting: (() => void)[] = [];
const around: Environment = {
  now: () => Date.now(),
  later: (run, milliseconds) => setTimeout(run, milliseconds),
  forget: (timer) => {
    clearTimeout(timer as number);
  },
  whenVisible: (run) => {
    if (visible) run();
    else waiting.push(run);
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  visible = true;
  waiting = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function counting(takes = 0) {
  let loads = 0;
  const pace = new Pace(async () => {
    loads += 1;
    if (takes > 0) await new Promise((done) => setTimeout(done, takes));
  }, around);
  return { pace, loads: () => loads };
}

it('turns many touches into one load', async () => {
  const { pace, loads } = counting();
  for (let touch = 0; touch < 50; touch += 1) pace.touch();
  await vi.advanceTimersByTimeAsync(GATHER);
  expect(loads()).toBe(1);
});

it('keeps loads apart, and loses no touch during a load', async () => {
  const { pace, loads } = counting(50);
  void pace.now();
  pace.touch();
  await vi.advanceTimersByTimeAsync(APART - 1);
  expect(loads()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(loads()).toBe(2);
  await vi.advanceTimersByTimeAsync(10 * APART);
  expect(loads()).toBe(2);
});

it('loads at most about once a second under 50 touches a second', async () => {
  const { pace, loads } = counting(30);
  for (let at = 0; at < 10_000; at += 20) {
    pace.touch();
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(loads()).toBeGreaterThanOrEqual(9);
  expect(loads()).toBeLessThanOrEqual(11);
});

it('waits in a hidden tab until it is visible', async () => {
  const { pace, loads } = counting();
  visible = false;
  pace.touch();
  await vi.advanceTimersByTimeAsync(60_000);
  pace.touch();
  expect(loads()).toBe(0);
  for (const run of waiting) run();
  expect(loads()).toBe(1);
});

it('loads nothing after stop', async () => {
  const { pace, loads } = counting();
  pace.touch();
  pace.stop();
  pace.touch();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(loads()).toBe(0);
});
