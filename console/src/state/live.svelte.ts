/** Connects the stream to the state: the one handler of all frames (promise E9). */

import { address, Problem } from '../api/http';
import type { Frame } from '../api/types';
import { loadSummary, rowArrived, rowsRead, setSummary } from './bell.svelte';
import { effectsOf } from './frames';
import { renew } from './session.svelte';
import { Shared, type Channel, type Message, type Stream } from './share';
import { refresh, touch } from './source.svelte';
import { Live, type Connection, type LiveState, type StreamHandlers } from './stream';

/** Reloads after a reconnect are spread over this long, so that not all tabs ask at once. */
const SPREAD = 2000;
/** A server that has not answered a small request by then is unreachable, in milliseconds. */
const ANSWERS = 10_000;

let state = $state<LiveState>('connecting');

export const live = {
  get state(): LiveState {
    return state;
  },
};

function refreshAll(spread: number): void {
  refresh(Date.now(), spread);
  setTimeout(() => void loadSummary().catch(() => undefined), Math.random() * spread);
}

function handle(frame: Frame): void {
  const effects = effectsOf(frame);
  if (effects.resync) {
    refreshAll(SPREAD / 2);
    return;
  }
  if (effects.summary) setSummary(effects.summary);
  if (effects.arrived) rowArrived(effects.arrived);
  if (effects.read) rowsRead(effects.read);
  if (effects.topics.includes('bell')) void loadSummary().catch(() => undefined);
  touch(effects.topics);
}

async function probe(): Promise<'fine' | 'missed' | 'ended' | 'down'> {
  try {
    return (await loadSummary(AbortSignal.timeout(ANSWERS))) === 'same' ? 'fine' : 'missed';
  } catch (error) {
    return error instanceof Problem && error.status === 401 ? 'ended' : 'down';
  }
}

/**
 * By the time a connection opens, the cookie may belong to another user: frames are handled only after the
 * API, asked after the first one, confirms that it is still the same user.
 */
function open(): Connection {
  const source = new EventSource(address('/stream'));
  const held: MessageEvent<string>[] = [];
  let sure = false;
  const connection: Connection = {
    onmessage: null,
    onerror: null,
    close: () => {
      source.close();
    },
  };
  source.onmessage = (event: MessageEvent<string>) => {
    if (sure) {
      connection.onmessage?.(event);
      return;
    }
    if (held.push(event) > 1) return;
    renew().then(
      (same) => {
        sure = same;
        if (same) for (const one of held.splice(0)) connection.onmessage?.(one);
        else connection.close();
      },
      () => connection.onerror?.(),
    );
  };
  source.onerror = () => connection.onerror?.();
  return connection;
}

const handlers: StreamHandlers = {
  handle,
  opened: (again) => {
    if (again) void renew().catch(() => undefined);
    refreshAll(again ? SPREAD : 100);
  },
  changed: (value) => {
    state = value;
  },
};

const hidden = () => document.visibilityState === 'hidden';

const connect = (handlers: StreamHandlers) =>
  new Live({ ...handlers, open, probe, online: () => navigator.onLine, hidden, random: Math.random });

function openChannel(name: string): Channel {
  const tabs = new BroadcastChannel(name);
  const channel: Channel = {
    onmessage: null,
    postMessage: (message) => {
      tabs.postMessage(message);
    },
    close: () => {
      tabs.close();
    },
  };
  tabs.onmessage = (event: MessageEvent<Message>) => channel.onmessage?.(event);
  return channel;
}

/** All tabs of a user share one connection; without locks (on an insecure origin), each has its own. */
function streamOf(user: string): Stream & Partial<Pick<Shared, 'look'>> {
  // According to the types there are always locks; in browsers there are not.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks || typeof BroadcastChannel === 'undefined') return connect(handlers);
  return new Shared({
    ...handlers,
    name: `campanile.live.${user}`,
    locks,
    channel: openChannel,
    stream: connect,
    hidden,
  });
}

/** The events of a page's life: [target, event, action]. */
function occasions(stream: ReturnType<typeof streamOf>): [EventTarget, string, () => void][] {
  const start = () => {
    stream.start();
  };
  const stop = () => {
    stream.stop();
  };
  return [
    [window, 'online', () => stream.reopen()],
    [window, 'offline', () => stream.lost()],
    [document, 'visibilitychange', () => stream.look?.()],
    // A page about to be frozen hands over while it can, and starts again when it runs.
    [window, 'pagehide', stop],
    [window, 'pageshow', start],
    [document, 'freeze', stop],
    [document, 'resume', start],
  ];
}

/** Keeps the tab live for as long as the user is signed in. Returns the function that stops it. */
export function startLive(user: string): () => void {
  const stream = streamOf(user);
  const heard = occasions(stream);
  for (const [where, what, run] of heard) where.addEventListener(what, run);
  stream.start();
  return () => {
    for (const [where, what, run] of heard) where.removeEventListener(what, run);
    stream.stop();
  };
}
