/** The shapes of the API that the console uses. Times are RFC 3339 strings, ids are UUIDs. */

export const SEVERITIES = ['informational', 'low', 'medium', 'high', 'critical', 'urgent'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const STATUSES = [
  'open',
  'in_progress',
  'retest',
  'closed',
  'accepted_risk',
  'false_positive',
  'duplicate',
] as const;
export type FindingStatus = (typeof STATUSES)[number];
/** Changing a finding to one of these requires a reason. */
export const REASONED: readonly FindingStatus[] = ['false_positive', 'duplicate'];

export type Role = 'viewer' | 'analyst' | 'manager';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Named {
  id: string;
  name: string;
}

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface Membership extends Named {
  /** Null for an administrator who is not a member. */
  role: Role | null;
}

export interface Me {
  user: User;
  is_admin: boolean;
  /** Whether the user is notified of their own actions. */
  notify_own_actions: boolean;
  companies: Membership[];
}

export interface Team extends Named {
  company_id: string;
}

/** The owners of a record: responsible for the findings in it. */
export interface OwnerIds {
  user_ids: string[];
  team_ids: string[];
}
export interface Owners extends OwnerIds {
  users: Named[];
  teams: Named[];
}

export interface Cvss {
  version: string | null;
  vector: string | null;
  score: number | null;
}

export interface Component {
  name: string;
  version: string | null;
  purl: string | null;
  fixed_versions: string[];
}

export interface Finding {
  id: string;
  company_id: string;
  company_name: string;
  project_id: string | null;
  project_name: string | null;
  asset_id: string | null;
  asset_name: string | null;
  scan_id: string | null;
  title: string;
  description: string;
  severity: Severity;
  status: FindingStatus;
  location: string | null;
  rule_id: string | null;
  tool: string | null;
  cwe: string | null;
  /** CVE, GHSA and other identifiers of the vulnerability. */
  identifiers: string[];
  /** All its weaknesses; the first is also `cwe`. */
  cwes: string[];
  cvss: Cvss | null;
  component: Component | null;
  /** URLs about the problem, as given by the scanner. */
  references: string[];
  /** The first 100; the first is also `location`. */
  locations: string[];
  locations_count: number;
  snippet: string | null;
  /** When the scanner found it, according to the scanner. */
  found_at: string | null;
  /** The VEX statement of the scan report; it never sets a status. */
  statement: string | null;
  /** The name of the target whose scan reports contain it; null for a whole project. */
  target: string | null;
  target_id: string | null;
  /** The triaged finding that differs only in code or version. */
  related_id: string | null;
  sla_due_at: string | null;
  retest_due_at: string | null;
  closed_at: string | null;
  created_at: string;
  updated_at: string;
  last_seen_at: string | null;
  /** Since when the latest complete report of its target no longer contains it. */
  gone_at: string | null;
  tags: string[];
  /** Its risk was accepted before approval was required. */
  accepted_without_approval: boolean;
  assignees: { users: Named[]; teams: Named[] };
  allowed_statuses: FindingStatus[];
}

/** A field that changed; null means empty. */
export interface FindingFieldChange {
  field: string;
  before: string | null;
  after: string | null;
}

/** One step in a finding's history: its status, its details, or its assignees. */
export interface FindingMove {
  at: string;
  /** Null for a change by an import. */
  actor: Named | null;
  /** Null if its status did not change. */
  from: FindingStatus | null;
  to: FindingStatus | null;
  changes: FindingFieldChange[];
  comment: string | null;
  scan_id: string | null;
  /** The event of this step; null if one event covers several steps. */
  event_id: string | null;
}

export type ScanStatus = 'scheduled' | 'running' | 'completed' | 'failed';

export interface Counts {
  read: number;
  created: number;
  updated: number;
  reopened: number;
  closed: number;
  unchanged: number;
  skipped: number;
}

export type BySeverity = Partial<Record<Severity, number>>;

export interface ImportSeverities {
  created: BySeverity;
  reopened: BySeverity;
  worse: BySeverity;
  closed: BySeverity;
}

export interface ScanTarget {
  id: string;
  /** Empty for the whole project. */
  name: string;
  tool: string;
  /** A later report of this target had already been imported. */
  older: boolean;
}

export interface ScanReport {
  /** The first 100. */
  targets: ScanTarget[];
  targets_count: number;
  whole: boolean;
  not_whole: string[];
  severities: ImportSeverities;
}

export interface Scan {
  id: string;
  company_id: string;
  company_name: string;
  project_id: string | null;
  project_name: string | null;
  name: string;
  tool: string | null;
  status: ScanStatus;
  scheduled_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  counts: Counts | null;
  /** What its report covered; null if no report was imported. */
  report: ScanReport | null;
  undone_at: string | null;
  error: string | null;
  created_at: string;
  updated_at: string;
}

export interface Skipped {
  where: string;
  reason: string;
}

export type ProjectStatus = 'planned' | 'active' | 'completed';

export interface Project {
  id: string;
  company_id: string;
  company_name: string;
  name: string;
  description: string;
  status: ProjectStatus;
  starts_on: string | null;
  ends_on: string | null;
  owners: Owners;
  tags: string[];
  created_at: string;
  updated_at: string;
}

export interface Summary {
  total: number;
  unread: number;
}

export interface Notification {
  id: string;
  /** The category, such as `finding`. */
  type: string;
  event_id: string;
  event_type: string;
  title: string;
  body: string;
  data: Record<string, unknown>;
  read: boolean;
  created_at: string;
}

export const CALENDAR_KINDS = [
  'sla_due',
  'retest_due',
  'scan',
  'project_start',
  'project_end',
  'agreement_expiry',
  'acceptance_end',
] as const;
export type CalendarKind = (typeof CALENDAR_KINDS)[number];

export interface CalendarItem {
  id: string;
  kind: CalendarKind;
  title: string;
  at: string;
  ends_at?: string | null;
  /** A date without a time: the same date in every time zone. */
  all_day: boolean;
  date?: string | null;
  /** The last day, inclusive. */
  ends_on?: string | null;
  entity_type: string;
  entity_id: string;
  severity?: Severity | null;
  status: string;
  company_id: string;
  company_name: string;
  project_name?: string | null;
}

export interface CalendarFeed {
  items: CalendarItem[];
  from: string;
  to: string;
  next_cursor?: string | null;
}

/** A calendar feed. Its URL is only in the answer to the create call. */
export interface Subscription {
  id: string;
  name?: string | null;
  company_id?: string | null;
  mine: boolean;
  alarms: number[];
  kinds?: CalendarKind[] | null;
  created_at: string;
  last_used_at?: string | null;
}

/** One message of the live stream. `ping` and `resync` have no subject. */
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
