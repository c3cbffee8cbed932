/**
 * Commands by name and by key. Parts offer theirs while they are on screen; the palette lists them, the help
 * sheet too, and one listener runs them. Single keys can be turned off (WCAG 2.2, 2.1.4).
 */

import { SvelteSet } from 'svelte/reactivity';
import { untrack } from 'svelte';
import { Keys } from '../format/keys';

export type Group = 'everywhere' | 'places' | 'list';

export interface Command {
  name: string;
  group: Group;
  /** Such as `?` or `g f`; without any it is in the palette only. */
  keys?: string;
  run: () => void;
  /** Only by its key: it means nothing in the palette. */
  unlisted?: boolean;
}

const KEY = 'campanile.keys';
const offered = new SvelteSet<Command>();

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) !== 'off';
  } catch {
    return true;
  }
}
let single = $state(stored());

export const keys = {
  get commands(): Command[] {
    return [...offered];
  },
  /** Whether single keys do something. */
  get on(): boolean {
    return single;
  },
  set on(value: boolean) {
    single = value;
    try {
      if (value) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, 'off');
    } catch {
      // Storage is blocked: the choice holds for this tab.
    }
  },
};

/** Offers commands for as long as the calling component is on screen. */
export function offer(commands: () => Command[]): void {
  $effect(() => {
    const mine = commands();
    untrack(() => {
      for (const command of mine) offered.add(command);
    });
    return () => {
      for (const command of mine) offered.delete(command);
    };
  });
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=button])'));

/** Runs commands by their keys; `palette` is what Ctrl K (or Cmd K) opens. Returns how to end it. */
export function listen(palette: () => void): () => void {
  const sequence = new Keys();
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      palette();
      return;
    }
    if (!single || event.ctrlKey || event.metaKey || event.altKey) return;
    // A dialog has the keyboard to itself.
    if (typing(event.target) || document.querySelector('dialog[open]')) return;
    const wanted = [...offered].flatMap((command) => (command.keys ? [command.keys] : []));
    const pressed = sequence.press(event.key, wanted, event.timeStamp);
    if (pressed === null) return;
    event.preventDefault();
    // What came last is nearest to the reader.
    [...offered].findLast((command) => command.keys === pressed)?.run();
  };
  addEventListener('keydown', onKey);
  return () => {
    removeEventListener('keydown', onKey);
  };
}
