/**
 * Commands by name and by key. Components register theirs while they are on screen; the palette and the help
 * sheet list them, and one listener runs them. Single keys can be turned off (WCAG 2.2, 2.1.4).
 */

import { SvelteSet } from 'svelte/reactivity';
import { untrack } from 'svelte';
import { Keys } from '../format/keys';

export type Group = 'everywhere' | 'places' | 'list';

export interface Command {
  name: string;
  group: Group;
  /** Such as `?` or `g f`; without a key it is only in the palette. */
  keys?: string;
  run: () => void;
  /** Only by its key: it makes no sense in the palette. */
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
  /** Whether single-key shortcuts are on. */
  get on(): boolean {
    return single;
  },
  set on(value: boolean) {
    single = value;
    try {
      if (value) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, 'off');
    } catch {
      // Storage is blocked: the choice lasts for this tab.
    }
  },
};

/** Registers commands for as long as the calling component is on screen. */
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

/** Runs commands by their keys; `palette` is opened by Ctrl K (or Cmd K). Returns the function that stops it. */
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
    // An open dialog has the keyboard to itself.
    if (typing(event.target) || document.querySelector('dialog[open]')) return;
    const wanted = [...offered].flatMap((command) => (command.keys ? [command.keys] : []));
    const pressed = sequence.press(event.key, wanted, event.timeStamp);
    if (pressed === null) return;
    event.preventDefault();
    // The command registered last is the most specific.
    [...offered].findLast((command) => command.keys === pressed)?.run();
  };
  addEventListener('keydown', onKey);
  return () => {
    removeEventListener('keydown', onKey);
  };
}
