/** An action of the user that calls the server: whether it is running, and what went wrong. */

import { Problem } from '../api/http';

export class Act {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** Runs it, unless it is already running. Returns whether it succeeded. */
  async run(act: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem(0, 'unexpected', String(error));
      return false;
    } finally {
      this.busy = false;
    }
  }
}
