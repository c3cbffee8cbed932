/** Importing scan reports: previews, tables, undo, and targets. */

import type { Answer } from './served';
import type { BySeverity, ImportSeverities, Page, Scan } from './types';
import { post, type Upload } from './upload';
import { at, get, send, type PageAsk, type Signal } from './verbs';

/** Where a scan report goes and how it is read. */
export interface ImportAsk {
  company_id: string;
  project_id: string;
  target?: string;
  close?: 'auto' | 'none';
  preview?: boolean;
  columns?: string;
  encoding?: string;
}

export type Closing = Answer<'Closing'>;

/** What an import did, or what it would do in a preview, which has no scan. */
export type Imported = Omit<Answer<'Imported'>, 'scan' | 'severities' | 'open' | 'closing'> & {
  scan: Scan | null;
  severities: ImportSeverities;
  open: BySeverity;
  /** In a preview, the first 100 findings that would be closed. */
  closing?: Closing[];
};
export const importReport = (
  file: Blob,
  ask: ImportAsk,
  progress: (share: number) => void,
): Upload<Imported> => post(file, '/scans/import', { ...ask }, progress);

/** `columns`: which column is which, as far as it was recognized; `fault`: what is missing or ambiguous. */
export type TablePreview = Answer<'TablePreview'>;
export const previewTable = (
  file: Blob,
  ask: { columns?: string; encoding?: string },
  progress: (share: number) => void,
): Upload<TablePreview> => post(file, '/scans/table-preview', ask, progress);

export type ImportFormat = Answer<'ImportFormat'>;
export const importFormats = (signal?: Signal) => get<ImportFormat[]>('/import-formats', {}, signal);

export type Undone = Answer<'Undone'>;
export const undoImport = (scan: string) => send<Undone>('POST', `${at('/scans', scan)}/undo`);

/** `target` is null for the whole project; `open` counts open findings. */
export type Target = Answer<'Target'>;
export const targets = (
  filter: { company_id?: string; project_id?: string; sort?: string },
  page: PageAsk,
  signal?: Signal,
) => get<Page<Target>>('/targets', { ...filter, ...page }, signal);
export const retireTarget = (id: string, comment: string) =>
  send<Answer<'Retired'>>('POST', `${at('/targets', id)}/retire`, comment === '' ? {} : { comment });
