import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../api/types';
import { backoff, Live, LONGEST, LOOK, SILENCE, type Connection, type LiveState } from './stream';

class Fake implements Connection {
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
  }
  say(frame: Frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function setUp() {
  const made: Fake[] = [];
  const handled: Frame[] = [];
  const opened: boolean[] = [];
  const states: LiveState[] = [];
  const world = {
    online: true,
    hidden: false,
    probe: 'fine' as 'fine' | 'missed' | 'ended' | 'down',
    probes: 0,
  };
  const live = new Live({
    open: () => {
      const one = new Fake();
      made.push(one);
      return one;
    },
    handle: (frame) => handled.push(frame),
    opened: (again) => opened.push(again),
    changed: (state) => states.push(state),
    probe: () => {
      world.probes += 1;
      return Promise.resolve(world.probe);
    },
    online: () => world.online,
    hidden: () => world.hidden,
    random: () => 1,
  });
  const last = () => made.at(-1) as Fake;
  return { live, made, last, handled, opened, states, world };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('backoff', () => {
  it('grows, with a jitter of one half, up to a maximum', () => {
    expect(backoff(0, 0)).toBe(500);
    expect(backoff(0, 1)).toBe(1000);
    expect(backoff(3, 1)).toBe(8000);
    expect(backoff(99, 1)).toBe(LONGEST);
    expect(backoff(99, 0)).toBe(LONGEST / 2);
  });
});

describe('Live', () => {
  // promise: E9
  it('is live with the first ping, passes on every other frame, and keeps one connection', () => {
    const { live, made, last, handled, opened, states } = setUp();
    live.start();
    live.start();
    last().say({ type: 'ping' });
    last().say({ type: 'finding.created' });
    expect(made).toHaveLength(1);
    expect(states).toEqual(['live']);
    expect(opened).toEqual([false]);
    expect(handled).toEqual([{ type: 'finding.created' }]);
  });

  it('ignores anything that is not a frame', () => {
    const { live, last, handled } = setUp();
    live.start();
    last().onmessage?.({ data: 'nonsense' });
    expect(handled).toEqual([]);
  });

  // promise: E6
  it('reopens after an error, waiting longer each time, and says so', async () => {
    const { live, made, last, opened, states } = setUp();
    live.start();
    last().say({ type: 'ping' });
    last().onerror?.();
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(999);
    expect(made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(made).toHaveLength(2);
    last().onerror?.();
    await vi.advanceTimersByTimeAsync(2000);
    expect(made).toHaveLength(3);
    last().say({ type: 'ping' });
    expect(states).toEqual(['live', 'reconnecting', 'live']);
    expect(opened).toEqual([false, true]);
  });

  it('says offline when the API cannot be reached either', async () => {
    const { live, last, states, world } = setUp();
    live.start();
    last().say({ type: 'ping' });
    world.probe = 'down';
    last().onerror?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(states).toEqual(['live', 'reconnecting', 'offline']);
  });

  it('reopens at once when the page comes back, and never after stop', async () => {
    const { live, made, last } = setUp();
    live.start();
    last().say({ type: 'ping' });
    live.lost();
    live.reopen();
    expect(made).toHaveLength(2);
    expect(made[0]?.closed).toBe(true);
    live.stop();
    live.reopen();
    await vi.advanceTimersByTimeAsync(LONGEST * 2);
    expect(made).toHaveLength(2);
    expect(last().closed).toBe(true);
  });

  it('finds out after a silence whether frames were missed', async () => {
    const { live, made, last, world } = setUp();
    live.start();
    last().say({ type: 'ping' });
    await vi.advanceTimersByTimeAsync(SILENCE + LOOK);
    expect(world.probes).toBe(1);
    expect(made).toHaveLength(1);
    world.probe = 'missed';
    await vi.advanceTimersByTimeAsync(SILENCE - LOOK);
    expect(made).toHaveLength(2);
  });

  it('asks nothing while frames arrive', async () => {
    const { live, last, world } = setUp();
    live.start();
    for (let time = 0; time < 5 * SILENCE; time += LOOK) {
      last().say({ type: 'scan.started' });
      await vi.advanceTimersByTimeAsync(LOOK);
    }
    expect(world.probes).toBe(0);
  });

  it('reopens after the machine slept', async () => {
    const { live, made, last } = setUp();
    live.start();
    last().say({ type: 'ping' });
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(LOOK);
    expect(made).toHaveLength(2);
  });

  it('abandons an attempt that hangs, and retries', async () => {
    const { live, made, last, states } = setUp();
    live.start();
    await vi.advanceTimersByTimeAsync(LOOK);
    expect(made[0]?.closed).toBe(true);
    expect(states).toEqual(['reconnecting']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(made).toHaveLength(2);
    last().say({ type: 'ping' });
    expect(states).toEqual(['reconnecting', 'live']);
  });

  it('does not mistake the late timers of a hidden tab for sleep', async () => {
    const { live, made, last, world } = setUp();
    live.start();
    last().say({ type: 'ping' });
    world.hidden = true;
    await vi.advanceTimersByTimeAsync(LOOK);
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(LOOK);
    // A late timer, after the tab became visible.
    world.hidden = false;
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(LOOK);
    expect(made).toHaveLength(1);
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(LOOK);
    expect(made).toHaveLength(2);
  });

  it('ignores a connection it left', () => {
    const { live, made, handled, last } = setUp();
    live.start();
    last().say({ type: 'ping' });
    live.reopen();
    made[0]?.say({ type: 'finding.created' });
    made[0]?.onerror?.();
    expect(handled).toEqual([]);
    expect(last().closed).toBe(false);
  });
});
