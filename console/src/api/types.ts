/** The shapes of the API that several folders use. Times are RFC 3339 strings, ids are UUIDs. */

import { namesOf, type Answer } from './served';

export type Severity = Answer<'Severity'>;
export const SEVERITIES = namesOf<Severity>({
  informational: true,
  low: true,
  medium: true,
  high: true,
  critical: true,
  urgent: true,
});

export type FindingStatus = Answer<'FindingStatus'>;
export const STATUSES = namesOf<FindingStatus>({
  open: true,
  in_progress: true,
  retest: true,
  closed: true,
  accepted_risk: true,
  false_positive: true,
  duplicate: true,
});
/** Changing a finding to one of these requires a reason. */
export const REASONED: readonly FindingStatus[] = ['false_positive', 'duplicate'];

export type Role = Answer<'Role'>;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export type Named = Answer<'Named'>;
export type User = Pick<Answer<'User'>, 'id' | 'email' | 'name'>;
/** `role` is null for an administrator who is not a member. */
export type Membership = Answer<'MyCompany'>;
export type Me = Answer<'Me'>;
export type Team = Pick<Answer<'Team'>, 'id' | 'name' | 'company_id' | 'company_name'>;
/** The owners of a record: responsible for the findings in it. */
export type Owners = Answer<'Owners'>;
export type OwnerIds = Pick<Owners, 'user_ids' | 'team_ids'>;

/** Of `locations`, the first 100; the first is also `location`. */
export type Finding = Answer<'Finding'>;
export type FindingFieldChange = Answer<'FindingFieldChange'>;
/** One step in a finding's history: its status, its details, or its assignees. */
export type FindingMove = Answer<'FindingMove'>;

export type ScanStatus = Answer<'ScanStatus'>;
export type Counts = Answer<'ScanCounts'>;
/** The description has any names here. */
export type BySeverity = Partial<Record<Severity, number>>;
export type ImportSeverities = Record<keyof Answer<'ImportSeverities'>, BySeverity>;
export type ScanReport = Omit<Answer<'ScanReport'>, 'severities'> & { severities: ImportSeverities };
/** `report` is what its report covered; null if no report was imported. */
export type Scan = Omit<Answer<'Scan'>, 'report'> & { report: ScanReport | null };
export type Skipped = Answer<'SkippedResult'>;

export type ProjectStatus = Answer<'ProjectStatus'>;
export type Project = Answer<'Project'>;

export type Summary = Answer<'InboxSummary'>;
/** `type` is the category, such as `finding`; the description has no fields of `data`. */
export type Notification = Omit<Answer<'Notification'>, 'data'> & { data: Record<string, unknown> };

export type CalendarKind = Answer<'CalendarKind'>;
export const CALENDAR_KINDS = namesOf<CalendarKind>({
  sla_due: true,
  retest_due: true,
  scan: true,
  project_start: true,
  project_end: true,
  agreement_expiry: true,
  acceptance_end: true,
});
/** `date` is set for a date without a time: the same date in every time zone. `ends_on` is the last day. */
export type CalendarItem = Answer<'CalendarItem'>;
export type CalendarFeed = Answer<'Calendar'>;
/** A calendar feed. Its URL is only in the answer to the create call. */
export type Subscription = Answer<'CalendarFeed'>;

/** One message of the live stream, which the description leaves out. `ping` and `resync` have no subject. */
export interface Frame {
  type: string;
  id?: string;
  at?: string;
  company_id?: string | null;
  subject?: { type: string; id: string };
  severity?: Severity;
  dropped?: number;
  data?: Record<string, unknown>;
}
