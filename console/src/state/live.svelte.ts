/** Joins the stream to the state: the one handler of all frames (promise E9). */

import { address, Problem } from '../api/http';
import type { Frame } from '../api/types';
import { effectsOf } from '../frames';
import { Live, type Connection, type LiveState } from '../live';
import { loadSummary, rowArrived, rowsRead, setSummary } from './bell.svelte';
import { renew } from './session.svelte';
import { refresh, touch } from './source.svelte';

/** Reloads after the stream came back are spread over this long, so that not every tab asks at once. */
const SPREAD = 2000;

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
    return (await loadSummary()) === 'same' ? 'fine' : 'missed';
  } catch (error) {
    return error instanceof Problem && error.status === 401 ? 'ended' : 'down';
  }
}

function open(): Connection {
  const source = new EventSource(address('/stream'));
  const connection: Connection = {
    onmessage: null,
    onerror: null,
    close: () => {
      source.close();
    },
  };
  source.onmessage = (event: MessageEvent<string>) => connection.onmessage?.(event);
  source.onerror = () => connection.onerror?.();
  return connection;
}

const stream = new Live({
  open,
  handle,
  opened: (again) => {
    if (again) void renew().catch(() => undefined);
    refreshAll(again ? SPREAD : 100);
  },
  changed: (value) => {
    state = value;
  },
  probe,
  online: () => navigator.onLine,
  random: Math.random,
});

/** Opens the stream for as long as someone is signed in. Returns how to end it. */
export function startLive(): () => void {
  const reopen = () => {
    stream.reopen();
  };
  const lost = () => {
    stream.lost();
  };
  const shown = (event: PageTransitionEvent) => {
    if (event.persisted) stream.reopen();
  };
  stream.start();
  addEventListener('online', reopen);
  addEventListener('offline', lost);
  addEventListener('pageshow', shown);
  return () => {
    removeEventListener('online', reopen);
    removeEventListener('offline', lost);
    removeEventListener('pageshow', shown);
    stream.stop();
  };
}
