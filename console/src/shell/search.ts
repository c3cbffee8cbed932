/** The server results of the palette: a few of each kind of record, as one list. */

import { request } from '../api/http';
import type { Page, Severity } from '../api/types';

export const KINDS = [
  'findings',
  'scans',
  'assets',
  'projects',
  'agreements',
  'approvals',
  'reports',
] as const;
export type RecordKind = (typeof KINDS)[number];

export interface Hit {
  kind: RecordKind;
  id: string;
  name: string;
  company: string;
  severity: Severity | null;
}

interface Row {
  id: string;
  name?: string;
  title?: string;
  finding_title?: string;
  company_name: string;
  severity?: Severity;
}

/** For each kind. */
const FEW = 4;

/** Queries every list at once; a kind that fails is left out unless all do. Rejects with a Problem. */
export async function search(text: string, company: string | null, signal: AbortSignal): Promise<Hit[]> {
  const asked = KINDS.map(async (kind) => {
    const parameters = {
      text,
      limit: FEW,
      company_id: company,
      ...(kind === 'findings' ? { sort: '-severity' } : {}),
    };
    const page = await request<Page<Row>>(`/${kind}`, { parameters, signal });
    return page.items.map((row): Hit => ({
      kind,
      id: row.id,
      name: row.title ?? row.finding_title ?? row.name ?? '',
      company: row.company_name,
      severity: row.severity ?? null,
    }));
  });
  const answers = await Promise.allSettled(asked);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (found.length === 0 && failed) throw failed.reason as Error;
  return found.flat();
}
