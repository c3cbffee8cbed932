/** Importing scan reports: previews, tables, undo, and targets. */

import type { PageAsk } from './calls';
import { request, type Parameters } from './http';
import type { BySeverity, Counts, ImportSeverities, Page, Scan, Skipped } from './types';
import { post, type Upload } from './upload';

type Signal = AbortSignal | undefined;

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

export interface Closing {
  id: string;
  title: string;
}

/** What an import did, or what it would do in a preview. */
export interface Imported {
  /** Null in a preview. */
  scan: Scan | null;
  /** The name of a format. */
  format: string;
  tools: string[];
  /** Empty for the whole project. */
  target: string;
  whole: boolean;
  not_whole: string[];
  counts: Counts;
  severities: ImportSeverities;
  open: BySeverity;
  skipped: Skipped[];
  /** In a preview, the first 100 findings that would be closed. */
  closing?: Closing[];
}
export const importReport = (
  file: Blob,
  ask: ImportAsk,
  progress: (share: number) => void,
): Upload<Imported> => post(file, '/scans/import', { ...ask }, progress);

export interface TablePreview {
  header: string[];
  /** The first five. */
  rows: string[][];
  layout?: string | null;
  /** Which column is which, as far as it was recognized. */
  columns: { name: string; column: string }[];
  /** The fields a column can hold. */
  names: string[];
  /** What is missing or ambiguous; null for a table that can be imported as is. */
  fault?: string | null;
}
export const previewTable = (
  file: Blob,
  ask: { columns?: string; encoding?: string },
  progress: (share: number) => void,
): Upload<TablePreview> => post(file, '/scans/table-preview', ask, progress);

export interface ImportFormat {
  name: string;
  title: string;
  identity: string;
  closes: boolean;
}
export const importFormats = (signal?: Signal) =>
  request<ImportFormat[]>('/import-formats', signal ? { signal } : {});

export interface Undone {
  scan: Scan;
  counts: { closed_again: number; opened_again: number; removed: number; kept: number };
}
export const undoImport = (scan: string) =>
  request<Undone>(`/scans/${encodeURIComponent(scan)}/undo`, { method: 'POST' });

export interface Target {
  id: string;
  company_id: string;
  company_name: string;
  project_id?: string | null;
  project_name?: string | null;
  tool: string;
  /** Null for the whole project. */
  target?: string | null;
  last_scan_id?: string | null;
  last_report_at?: string | null;
  /** Without a report for 30 days. */
  stale: boolean;
  retired_at?: string | null;
  /** Open findings. */
  open: number;
  created_at: string;
}
export const targets = (
  filter: { company_id?: string; project_id?: string; sort?: string },
  page: PageAsk,
  signal?: Signal,
) =>
  request<Page<Target>>('/targets', {
    parameters: { ...filter, ...page } as Parameters,
    ...(signal ? { signal } : {}),
  });
export const retireTarget = (id: string, comment: string) =>
  request<{ target: Target; closed: number }>(`/targets/${encodeURIComponent(id)}/retire`, {
    method: 'POST',
    body: comment === '' ? {} : { comment },
  });
