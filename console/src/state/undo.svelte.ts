/** The last bulk change, and how to undo it for as long as its note is shown. */

import { Problem } from '../api/http';

export interface Done {
  text: string;
  /** Undefined for what cannot be undone. */
  undo?: () => Promise<unknown>;
}

let last = $state.raw<Done | null>(null);
let busy = $state(false);
let problem = $state.raw<Problem | null>(null);

export const undoable = {
  get done(): Done | null {
    return last;
  },
  get busy(): boolean {
    return busy;
  },
  get problem(): Problem | null {
    return problem;
  },
  /** Shows what was done. */
  show(done: Done): void {
    last = done;
    problem = null;
  },
  dismiss(): void {
    if (!busy) last = null;
  },
  async undo(): Promise<void> {
    const done = last;
    if (!done?.undo || busy) return;
    busy = true;
    problem = null;
    try {
      await done.undo();
      if (last === done) last = null;
    } catch (error) {
      problem = error instanceof Problem ? error : new Problem(0, 'unexpected', String(error));
    } finally {
      busy = false;
    }
  },
};
