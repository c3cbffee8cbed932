/**
 * Assets, agreements, approvals, reports and comments: shapes and calls; and editing findings, scans and
 * projects. Separate from calls.ts, to keep it out of the first load.
 */

import { API } from './http';
import type { Answer, Bodies, Body } from './served';
import type { Finding, Page, Project, Scan } from './types';
import { at, get, remove, send, type PageAsk, type Signal } from './verbs';

/** The filters of the lists; each list uses those it supports. */
export interface RecordFilter {
  company_id?: string;
  project_id?: string;
  finding_id?: string;
  status?: string;
  text?: string;
  sort?: string;
}

export type AssetKind = Answer<'AssetKind'>;
export type AssetStatus = Answer<'AssetStatus'>;
export type Criticality = Answer<'AssetCriticality'>;

export type Asset = Answer<'Asset'>;
export type AssetBody = Bodies<'NewAsset', 'AssetChange'>;
export const assets = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Asset>>('/assets', { ...filter, ...page }, signal);
export const asset = (id: string, signal?: Signal) => get<Asset>(at('/assets', id), {}, signal);
export const createAsset = (body: AssetBody) => send<Asset>('POST', '/assets', body);
export const changeAsset = (id: string, body: AssetBody) => send<Asset>('PATCH', at('/assets', id), body);
export const deleteAsset = (id: string) => remove(at('/assets', id));

export type AgreementStatus = Answer<'AgreementStatus'>;

/** `expires_on` is its last day. */
export type Agreement = Answer<'Agreement'>;
export type AgreementBody = Bodies<'NewAgreement', 'AgreementChange'>;
export const agreements = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Agreement>>('/agreements', { ...filter, ...page }, signal);
export const agreement = (id: string, signal?: Signal) => get<Agreement>(at('/agreements', id), {}, signal);
export const createAgreement = (body: AgreementBody) => send<Agreement>('POST', '/agreements', body);
export const changeAgreement = (id: string, body: AgreementBody) =>
  send<Agreement>('PATCH', at('/agreements', id), body);
export const deleteAgreement = (id: string) => remove(at('/agreements', id));

export type ApprovalStatus = Answer<'ApprovalStatus'>;

/** `version` is raised by each change; a decision names the version it was based on. */
export type Approval = Answer<'Approval'>;
export type ApprovalBody = Bodies<'NewApproval', 'ApprovalChange'>;
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

export type ReportStatus = Answer<'ReportStatus'>;
export type ReportFormat = Answer<'ReportFormat'>;

/** Which findings to include; an empty list means all. */
export type ReportContents = Answer<'ReportContents'>;
/** `size` is in bytes. */
export type Report = Answer<'Report'>;
export type NewReport = Body<'NewReport'>;
export const reports = (filter: RecordFilter, page: PageAsk, signal?: Signal) =>
  get<Page<Report>>('/reports', { ...filter, ...page }, signal);
export const report = (id: string, signal?: Signal) => get<Report>(at('/reports', id), {}, signal);
export const createReport = (body: NewReport) => send<Report>('POST', '/reports', body);
export const renameReport = (id: string, name: string) => send<Report>('PATCH', at('/reports', id), { name });
export const deleteReport = (id: string) => remove(at('/reports', id));
/** A plain URL: the browser fetches it with the cookie and saves it. */
export const reportFile = (id: string) => `${API}${at('/reports', id)}/download`;

export type Comment = Answer<'FindingComment'>;
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

export type FindingBody = Bodies<'NewFinding', 'FindingChange'>;
export const createFinding = (body: FindingBody) => send<Finding>('POST', '/findings', body);
export const changeFinding = (id: string, body: FindingBody) =>
  send<Finding>('PATCH', at('/findings', id), body);
export const deleteFinding = (id: string) => remove(at('/findings', id));

export type ScanBody = Bodies<'NewScan', 'ScanChange'>;
export const createScan = (body: ScanBody) => send<Scan>('POST', '/scans', body);
export const changeScan = (id: string, body: ScanBody) => send<Scan>('PATCH', at('/scans', id), body);
export const deleteScan = (id: string) => remove(at('/scans', id));

export type ProjectBody = Bodies<'NewProject', 'ProjectChange'>;
export const createProject = (body: ProjectBody) => send<Project>('POST', '/projects', body);
export const changeProject = (id: string, body: ProjectBody) =>
  send<Project>('PATCH', at('/projects', id), body);
export const deleteProject = (id: string) => remove(at('/projects', id));
