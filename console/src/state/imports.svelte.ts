/**
 * Scan reports on their way in: each is previewed once there is a place for it, answered for where it would close
 * findings, and imported one after another. A preview that an import before it made old is asked for again.
 */

import { Problem } from '../api/http';
import {
  importReport,
  previewTable,
  type ImportAsk,
  type Imported,
  type TablePreview,
  type Undone,
} from '../api/imports';
import type { Severity } from '../api/types';
import type { Upload } from '../api/upload';
import { isTable, mayOverlap } from '../format/imports';

export type Stage =
  'waiting' | 'checking' | 'mapping' | 'ready' | 'sending' | 'reading' | 'done' | 'failed' | 'undone';
export type Close = 'auto' | 'none';

export interface Place {
  company_id: string;
  project_id: string;
}

/** How a report is read, as far as the person says it. */
export interface Reading {
  target?: string;
  columns?: string;
  encoding?: string;
}

/** What was chosen for the columns of a table, each by its place, and the number of each severity. */
export interface Chosen {
  names: string[];
  values: Partial<Record<Severity, string>>;
}

export class Import {
  readonly file: File;
  stage = $state<Stage>('waiting');
  /** The sent share, 0 to 1. */
  share = $state(0);
  reading = $state.raw<Reading>({});
  preview = $state.raw<Imported | null>(null);
  /** The person's answer to what would be closed. */
  close = $state<Close | null>(null);
  /** The first rows of a table whose columns are unclear, or are to be changed. */
  table = $state.raw<TablePreview | null>(null);
  chosen: Chosen | null = null;
  result = $state.raw<Imported | null>(null);
  undone = $state.raw<Undone['counts'] | null>(null);
  problem = $state.raw<Problem | null>(null);
  #upload: { cancel: () => void } | null = null;

  constructor(file: File) {
    this.file = file;
  }

  /** How many findings it would close. */
  get closing(): number {
    return this.preview?.counts.closed ?? 0;
  }

  /** Whether the person still has to say what becomes of them. */
  get unanswered(): boolean {
    return this.stage === 'ready' && this.closing > 0 && this.close === null;
  }

  /** Back to the beginning, to be previewed anew. */
  reset(): void {
    this.cancel();
    this.stage = 'waiting';
    this.share = 0;
    this.problem = null;
  }

  /** Asks what it would do. Nothing is changed. */
  async check(place: Place): Promise<void> {
    this.problem = null;
    try {
      const found = await this.#take('checking', (progress) =>
        importReport(this.file, this.#ask(place, { close: 'auto', preview: true }), progress),
      );
      if (found === null) return;
      // An answer holds for what was asked: not for another number of findings.
      if (found.counts.closed !== this.closing) this.close = null;
      this.preview = found;
      this.table = null;
      this.stage = 'ready';
    } catch (error) {
      this.preview = null;
      await this.#fail(error);
    }
  }

  /** Looks at the first rows of the table, to say which column is which. */
  async look(): Promise<void> {
    const { columns, encoding } = this.reading;
    const found = await this.#take('checking', (progress) =>
      previewTable(
        this.file,
        { ...(columns ? { columns } : {}), ...(encoding ? { encoding } : {}) },
        progress,
      ),
    );
    if (found === null) return;
    this.table = found;
    this.stage = 'mapping';
  }

  async run(place: Place): Promise<void> {
    try {
      const close = this.closing > 0 ? (this.close ?? 'none') : 'auto';
      const found = await this.#take('sending', (progress) =>
        importReport(this.file, this.#ask(place, { close }), (share) => {
          progress(share);
          if (share >= 1 && this.stage === 'sending') this.stage = 'reading';
        }),
      );
      if (found === null) return;
      this.result = found;
      this.stage = 'done';
    } catch (error) {
      this.problem = asProblem(error);
      this.stage = 'failed';
    }
  }

  /** Ends a running upload; a report the server has whole is imported to its end. */
  cancel(): void {
    if (this.stage === 'checking' || this.stage === 'sending') {
      this.#upload?.cancel();
      this.#upload = null;
    }
  }

  #ask(place: Place, more: Partial<ImportAsk>): ImportAsk {
    return { ...place, ...this.reading, ...more };
  }

  /** Sends it; null where something else was begun meanwhile. */
  async #take<T>(stage: Stage, send: (progress: (share: number) => void) => Upload<T>): Promise<T | null> {
    this.stage = stage;
    this.share = 0;
    const upload = send((share) => {
      if (this.#upload === upload) this.share = share;
    });
    this.#upload = upload;
    try {
      const found = await upload.done;
      return this.#upload === upload ? found : null;
    } catch (error) {
      if (this.#upload !== upload) return null;
      throw error;
    }
  }

  /** What was refused as a table is shown as one, so that the person can say how it is to be read. */
  async #fail(error: unknown): Promise<void> {
    const problem = asProblem(error);
    if (problem.status === 422 && isTable(this.file.name)) {
      try {
        await this.look();
      } catch {
        // It cannot be shown either: perhaps in another encoding.
        this.table = null;
        this.stage = 'mapping';
      }
    } else {
      this.stage = 'failed';
    }
    // Of a table nobody has to hear what else it could have been.
    const fault = this.stage === 'mapping' ? this.table?.fault : null;
    this.problem =
      fault && says(problem, fault) ? new Problem(422, problem.message, sentence(fault)) : problem;
  }
}

function says(problem: Problem, text: string): boolean {
  return [problem.detail, ...problem.errors.map(({ detail }) => detail)].some((detail) =>
    detail.includes(text),
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'unexpected', String(error));
}

/** Several of them for one place. */
export class Imports {
  all = $state<Import[]>([]);
  #place: Place | null = null;
  /** Whether they are being imported. */
  running = $state(false);
  #looking = false;

  constructor(files: Iterable<File>, place: Place | null) {
    this.#place = place;
    this.add(files);
  }

  get ready(): Import[] {
    return this.all.filter((one) => one.stage === 'ready');
  }

  /** Whether some are being previewed or wait for it. */
  get busy(): boolean {
    return this.all.some((one) => one.stage === 'checking' || one.stage === 'waiting');
  }

  /** Whether nothing is left to do but to close the dialog. */
  get over(): boolean {
    const ended: Stage[] = ['done', 'failed', 'undone'];
    return this.all.length > 0 && this.all.every((one) => ended.includes(one.stage));
  }

  add(files: Iterable<File>): void {
    this.all = [...this.all, ...[...files].map((file) => new Import(file))];
    void this.check();
  }

  remove(one: Import): void {
    one.cancel();
    this.all = this.all.filter((other) => other !== one);
  }

  /** Where they go. What was previewed for another place is previewed anew. */
  move(place: Place | null): void {
    if (place?.project_id === this.#place?.project_id) return;
    this.#place = place;
    for (const one of this.all) {
      if (one.result === null && one.stage !== 'waiting') {
        one.close = null;
        one.reset();
      }
    }
    void this.check();
  }

  /** Previews one anew, read in another way. */
  again(one: Import, reading: Reading = one.reading): void {
    one.reading = reading;
    one.reset();
    void this.check();
  }

  /** Previews what waits, one by one. */
  async check(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (let one = this.#waiting(); one && this.#place; one = this.#waiting()) await one.check(this.#place);
    this.#looking = false;
  }

  /** Imports what is ready, one by one. Stops where something has to be answered first. */
  async start(): Promise<void> {
    if (this.running || !this.#place) return;
    this.running = true;
    for (let one = this.#next(); one; one = this.#next()) {
      await one.run(this.#place);
      const done = one.result;
      if (!done) continue;
      for (const other of this.ready) {
        if (other.preview && mayOverlap(other.preview, done)) other.reset();
      }
      await this.check();
    }
    this.running = false;
  }

  close(): void {
    for (const one of this.all) one.cancel();
  }

  #waiting(): Import | undefined {
    return this.all.find((one) => one.stage === 'waiting');
  }

  #next(): Import | undefined {
    return this.all.find((one) => one.stage === 'ready' && !one.unanswered);
  }
}
