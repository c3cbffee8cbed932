/** Something a person does that asks the server: busy while it runs, and what went wrong. */

import { Problem } from '../api/http';

export class Act {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** Runs it, unless it is running. Tells whether it went well. */
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
