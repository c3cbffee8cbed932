/** Reports on their way in: one after another, each with its own progress and its own end. */

import { Problem } from '../api/http';
import type { Imported } from '../api/types';
import { importReport, type Upload } from '../api/upload';

export type Stage = 'waiting' | 'sending' | 'reading' | 'done' | 'failed';

export class Import {
  readonly file: File;
  stage = $state<Stage>('waiting');
  /** The sent share, 0 to 1. */
  share = $state(0);
  result = $state.raw<Imported | null>(null);
  problem = $state.raw<Problem | null>(null);
  #upload: Upload | null = null;

  constructor(file: File) {
    this.file = file;
  }

  /** Back to the beginning, after a failure. */
  reset(): void {
    this.stage = 'waiting';
    this.share = 0;
    this.problem = null;
  }

  async run(target: { company_id: string; project_id: string }): Promise<void> {
    this.stage = 'sending';
    this.#upload = importReport(this.file, target, (share) => {
      this.share = share;
      if (share >= 1 && this.stage === 'sending') this.stage = 'reading';
    });
    try {
      this.result = await this.#upload.done;
      this.stage = 'done';
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem(0, 'unexpected', String(error));
      this.stage = 'failed';
    }
  }

  /** Ends a running upload; a report the server has whole is read to its end. */
  cancel(): void {
    if (this.stage === 'sending') this.#upload?.cancel();
  }
}
