/**
 * Scan reports being imported: each is previewed once a project is chosen, waits for an answer if it would close
 * findings, and is imported in turn. A preview that an earlier import made outdated is requested again.
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
import { isTable, mayOverlap } from './rows';

export type Stage =
  'waiting' | 'checking' | 'mapping' | 'ready' | 'sending' | 'reading' | 'done' | 'failed' | 'undone';
export type Close = 'auto' | 'none';

export interface Place {
  company_id: string;
  project_id: string;
}

/** How a report is read, as far as the user sets it. */
export interface Reading {
  target?: string;
  columns?: string;
  encoding?: string;
}

/** The fields chosen for the columns of a table, by position, and the number of each severity. */
export interface Chosen {
  names: string[];
  values: Partial<Record<Severity, string>>;
}

export class Import {
  readonly file: File;
  stage = $state<Stage>('waiting');
  /** The share sent, from 0 to 1. */
  share = $state(0);
  reading = $state.raw<Reading>({});
  preview = $state.raw<Imported | null>(null);
  /** The user's answer to the question about closing. */
  close = $state<Close | null>(null);
  /** The first rows of a table whose columns are unclear or being changed. */
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

  /** Whether the user still has to decide about closing them. */
  get unanswered(): boolean {
    return this.stage === 'ready' && this.closing > 0 && this.close === null;
  }

  /** Back to the start, to be previewed again. */
  reset(): void {
    this.cancel();
    this.stage = 'waiting';
    this.share = 0;
    this.problem = null;
  }

  /** Requests a preview. Nothing is changed. */
  async check(place: Place): Promise<void> {
    this.problem = null;
    try {
      const found = await this.#take('checking', (progress) =>
        importReport(this.file, this.#ask(place, { close: 'auto', preview: true }), progress),
      );
      if (found === null) return;
      // The answer applies to the question asked, not to a different number of findings.
      if (found.counts.closed !== this.closing) this.close = null;
      this.preview = found;
      this.table = null;
      this.stage = 'ready';
    } catch (error) {
      this.preview = null;
      await this.#fail(error);
    }
  }

  /** Reads the first rows of the table, to map its columns. */
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

  /** Aborts an upload in progress; the server finishes importing a report it has received completely. */
  cancel(): void {
    if (this.stage === 'checking' || this.stage === 'sending') {
      this.#upload?.cancel();
      this.#upload = null;
    }
  }

  #ask(place: Place, more: Partial<ImportAsk>): ImportAsk {
    return { ...place, ...this.reading, ...more };
  }

  /** Sends it; null if something else was started meanwhile. */
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

  /** A report rejected as a table is shown as one, so that the user can set how it is read. */
  async #fail(error: unknown): Promise<void> {
    const problem = asProblem(error);
    if (problem.status === 422 && isTable(this.file.name)) {
      try {
        await this.look();
      } catch {
        // It cannot be shown either: perhaps it has another encoding.
        this.table = null;
        this.stage = 'mapping';
      }
    } else {
      this.stage = 'failed';
    }
    // For a table, the other possible formats do not matter.
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

/** Several scan reports for one project. */
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

  /** Whether some are being previewed or waiting for it. */
  get busy(): boolean {
    return this.all.some((one) => one.stage === 'checking' || one.stage === 'waiting');
  }

  /** Whether nothing is left to do but close the dialog. */
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

  /** Sets the project. Previews for another project are requested again. */
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

  /** Previews one again, read in a different way. */
  again(one: Import, reading: Reading = one.reading): void {
    one.reading = reading;
    one.reset();
    void this.check();
  }

  /** Previews what is waiting, one by one. */
  async check(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (let one = this.#waiting(); one && this.#place; one = this.#waiting()) await one.check(this.#place);
    this.#looking = false;
  }

  /** Imports what is ready, one by one. Stops at a question that has to be answered first. */
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
