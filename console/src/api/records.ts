/**
 * Assets, agreements, approvals, reports and comments: shapes and calls; and editing findings, scans and
 * projects. Separate from calls.ts, to keep it out of the first load.
 */

import type { PageAsk } from './calls';
import { API, request, type Parameters } from './http';
import type {
  Finding,
  FindingStatus,
  Named,
  OwnerIds,
  Owners,
  Page,
  Project,
  ProjectStatus,
  Scan,
  ScanStatus,
  Severity,
} from './types';

type Signal = AbortSignal | undefined;
const at = (path: string, id: string) => `${path}/${encodeURIComponent(id)}`;
const get = <T>(path: string, parameters: object = {}, signal?: Signal): Promise<T> =>
  request<T>(path, { parameters: parameters as Parameters, ...(signal ? { signal } : {}) });
const send = <T>(method: 'POST' | 'PATCH', path: string, body: object): Promise<T> =>
  request<T>(path, { method, body });
const remove = (path: string) => request<undefined>(path, { method: 'DELETE' });

/** The filters of the lists; each list uses those it supports. */
export interface RecordFilter {
  company_id?: string;
  project_id?: string;
  finding_id?: string;
  status?: string;
  kind?: string;
  criticality?: string;
  format?: string;
  text?: string;
  sort?: string;
}

interface Owned {
  id: string;
  company_id: string;
  company_name: string;
  created_at: string;
  updated_at: string;
}

export const ASSET_KINDS = [
  'application',
  'repository',
  'host',
  'domain',
  'network',
  'cloud',
  'image',
  'other',
] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];
export const ASSET_STATUSES = ['active', 'retired'] as const;
export type AssetStatus = (typeof ASSET_STATUSES)[number];
export const CRITICALITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Criticality = (typeof CRITICALITIES)[number];

export interface Asset extends Owned {
  name: string;
  kind: AssetKind;
  identifier: string | null;
  description: string;
  criticality: Criticality;
  status: AssetStatus;
  owners: Owners;
  tags: string[];
}
export type AssetBody = Partial<Omit<Asset, keyof Owned | 'owners'>> & {
  company_id?: string;
  owners?: OwnerIds;
};
export const assets = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Asset>>('/assets', { ...filter, ...page }, signal);
export const asset = (id: string, signal?: Signal) => get<Asset>(at('/assets', id), {}, signal);
export const createAsset = (body: AssetBody) => send<Asset>('POST', '/assets', body);
export const changeAsset = (id: string, body: AssetBody) => send<Asset>('PATCH', at('/assets', id), body);
export const deleteAsset = (id: string) => remove(at('/assets', id));

export const AGREEMENT_STATUSES = ['draft', 'active', 'terminated'] as const;
export type AgreementStatus = (typeof AGREEMENT_STATUSES)[number];

export interface Agreement extends Owned {
  name: string;
  reference: string | null;
  description: string;
  status: AgreementStatus;
  starts_on: string | null;
  /** Its last day. */
  expires_on: string;
  hours: number | null;
  hours_used: number;
}
export type AgreementBody = Partial<Omit<Agreement, keyof Owned>> & { company_id?: string };
export const agreements = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Agreement>>('/agreements', { ...filter, ...page }, signal);
export const agreement = (id: string, signal?: Signal) => get<Agreement>(at('/agreements', id), {}, signal);
export const createAgreement = (body: AgreementBody) => send<Agreement>('POST', '/agreements', body);
export const changeAgreement = (id: string, body: AgreementBody) =>
  send<Agreement>('PATCH', at('/agreements', id), body);
export const deleteAgreement = (id: string) => remove(at('/agreements', id));

export const APPROVAL_STATUSES = [
  'requested',
  'approved',
  'rejected',
  'expired',
  'ended',
  'unapproved',
] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

export interface Approval extends Owned {
  finding_id: string;
  finding_title: string;
  severity: Severity;
  reason: string;
  status: ApprovalStatus;
  /** When the acceptance ends. */
  expires_at: string;
  requested_by: Named | null;
  decided_by: Named | null;
  decided_at: string | null;
  comment: string | null;
  /** Raised by each change; a decision names the version it was based on. */
  version: number;
  /** The finding's severity when its risk was accepted. */
  accepted_severity: Severity | null;
  /** The finding is now more severe than what was accepted. */
  outgrown: boolean;
}
export interface ApprovalBody {
  finding_id?: string;
  reason?: string;
  expires_at?: string;
}
export const approvals = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Approval>>('/approvals', { ...filter, ...page }, signal);
export const approval = (id: string, signal?: Signal) => get<Approval>(at('/approvals', id), {}, signal);
export const requestApproval = (body: ApprovalBody) => send<Approval>('POST', '/approvals', body);
export const changeApproval = (id: string, body: ApprovalBody) =>
  send<Approval>('PATCH', at('/approvals', id), body);
export const withdrawRequest = (id: string) => remove(at('/approvals', id));
export const decide = (id: string, version: number, decision: 'approved' | 'rejected', comment: string) =>
  send<Approval>('POST', `${at('/approvals', id)}/decision`, {
    decision,
    version,
    ...(comment === '' ? {} : { comment }),
  });

export const REPORT_STATUSES = ['pending', 'running', 'ready', 'failed', 'expired'] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];
export const REPORT_FORMATS = ['html', 'csv', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Which findings to include; an empty list means all. */
export interface ReportContents {
  severities: Severity[];
  statuses: FindingStatus[];
}
export interface Report extends Owned {
  project_id: string | null;
  project_name: string | null;
  name: string;
  format: ReportFormat;
  contents: ReportContents;
  status: ReportStatus;
  error: string | null;
  findings: number | null;
  /** In bytes. */
  size: number | null;
  created_by: Named | null;
  finished_at: string | null;
}
export interface NewReport {
  company_id: string;
  project_id?: string;
  name?: string;
  format: ReportFormat;
  contents: ReportContents;
}
export const reports = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Report>>('/reports', { ...filter, ...page }, signal);
export const report = (id: string, signal?: Signal) => get<Report>(at('/reports', id), {}, signal);
export const createReport = (body: NewReport) => send<Report>('POST', '/reports', body);
export const renameReport = (id: string, name: string) => send<Report>('PATCH', at('/reports', id), { name });
export const deleteReport = (id: string) => remove(at('/reports', id));
/** A plain URL: the browser fetches it with the cookie and saves it. */
export const reportFile = (id: string) => `${API}${at('/reports', id)}/download`;

export interface Comment {
  id: string;
  author: Named | null;
  body: string;
  created_at: string;
  updated_at: string;
}
/** More than anyone reads on one finding. */
const MOST_COMMENTS = 1000;
/** The comments on a finding, newest first. */
export async function comments(finding: string, signal?: Signal): Promise<Comment[]> {
  const path = `${at('/findings', finding)}/comments`;
  const said: Comment[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Comment> = await get(path, { limit: 200, cursor }, signal);
    said.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && said.length < MOST_COMMENTS);
  return said;
}
export const say = (finding: string, body: string) =>
  send<Comment>('POST', `${at('/findings', finding)}/comments`, { body });
export const editComment = (finding: string, id: string, body: string) =>
  send<Comment>('PATCH', `${at('/findings', finding)}${at('/comments', id)}`, { body });
export const deleteComment = (finding: string, id: string) =>
  remove(`${at('/findings', finding)}${at('/comments', id)}`);

export interface FindingBody {
  company_id?: string;
  title?: string;
  description?: string;
  severity?: Severity;
  location?: string | null;
  cwe?: string | null;
  tags?: string[];
  project_id?: string | null;
  asset_id?: string | null;
  sla_due_at?: string | null;
  retest_due_at?: string | null;
}
export const createFinding = (body: FindingBody) => send<Finding>('POST', '/findings', body);
export const changeFinding = (id: string, body: FindingBody) =>
  send<Finding>('PATCH', at('/findings', id), body);
export const deleteFinding = (id: string) => remove(at('/findings', id));

export interface ScanBody {
  company_id?: string;
  project_id?: string | null;
  name?: string;
  tool?: string | null;
  status?: ScanStatus;
  scheduled_at?: string | null;
  error?: string | null;
}
export const createScan = (body: ScanBody) => send<Scan>('POST', '/scans', body);
export const changeScan = (id: string, body: ScanBody) => send<Scan>('PATCH', at('/scans', id), body);
export const deleteScan = (id: string) => remove(at('/scans', id));

export interface ProjectBody {
  company_id?: string;
  name?: string;
  description?: string;
  status?: ProjectStatus;
  starts_on?: string | null;
  ends_on?: string | null;
  owners?: OwnerIds;
  tags?: string[];
}
export const createProject = (body: ProjectBody) => send<Project>('POST', '/projects', body);
export const changeProject = (id: string, body: ProjectBody) =>
  send<Project>('PATCH', at('/projects', id), body);
export const deleteProject = (id: string) => remove(at('/projects', id));
