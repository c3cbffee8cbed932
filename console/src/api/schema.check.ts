/**
 * Compares the shapes the console is written against with those the server describes (`schema.d.ts`, made from
 * `openapi.json`). Types only: a field or a name that is no longer there fails the check, not a page.
 */

import type { SavedView, Session, Token, ViewPage } from './account';
import type {
  AUDIT_ACTIONS,
  AuditEntry,
  Destination,
  DryRun,
  SlaDays,
  SlaDefaults,
  WebhookSecret,
} from './platform';
import type {
  Agreement,
  AgreementBody,
  AgreementStatus,
  Approval,
  ApprovalBody,
  ApprovalStatus,
  Asset,
  AssetBody,
  AssetKind,
  AssetStatus,
  Comment,
  Criticality,
  FindingBody,
  NewReport,
  ProjectBody,
  Report,
  ReportContents,
  ReportFormat,
  ReportStatus,
  ScanBody,
} from './records';
import type { components } from './schema';
import type { Rule, WebhookFormat } from './settings';
import type {
  CalendarFeed,
  CalendarItem,
  CalendarKind,
  Counts,
  Finding,
  FindingMove,
  FindingStatus,
  Imported,
  Me,
  Notification,
  Project,
  ProjectStatus,
  Role,
  Scan,
  ScanStatus,
  Severity,
  Skipped,
  Subscription,
  Summary,
  Team,
  User,
} from './types';

type Served = components['schemas'];

/** True where every field the console reads is one that the server writes. */
type Fields<Read, Written> = [Exclude<keyof Read, keyof Written>] extends [never] ? true : false;
/** True where the console knows every name that the server says. */
type Names<Known, Said> = [Said] extends [Known] ? true : false;

type Holds<Claim extends true> = Claim;

export type Checks = [
  Holds<Names<Severity, Served['Severity']>>,
  Holds<Names<FindingStatus, Served['FindingStatus']>>,
  Holds<Names<ScanStatus, Served['ScanStatus']>>,
  Holds<Names<CalendarKind, Served['CalendarKind']>>,
  Holds<Names<Role, Served['Role']>>,
  Holds<Fields<Me, Served['Me']>>,
  Holds<Fields<User, Served['User']>>,
  Holds<Fields<Team, Served['Team']>>,
  Holds<Fields<Finding, Served['Finding']>>,
  Holds<Fields<FindingMove, Served['FindingMove']>>,
  Holds<Fields<Scan, Served['Scan']>>,
  Holds<Fields<Counts, Served['ScanCounts']>>,
  Holds<Fields<Skipped, Served['SkippedResult']>>,
  Holds<Fields<Imported, Served['Imported']>>,
  Holds<Fields<Project, Served['Project']>>,
  Holds<Fields<Summary, Served['InboxSummary']>>,
  Holds<Fields<Notification, Served['Notification']>>,
  Holds<Fields<CalendarItem, Served['CalendarItem']>>,
  Holds<Fields<CalendarFeed, Served['Calendar']>>,
  Holds<Names<ProjectStatus, Served['ProjectStatus']>>,
  Holds<Names<AssetKind, Served['AssetKind']>>,
  Holds<Names<AssetStatus, Served['AssetStatus']>>,
  Holds<Names<Criticality, Served['AssetCriticality']>>,
  Holds<Names<AgreementStatus, Served['AgreementStatus']>>,
  Holds<Names<ApprovalStatus, Served['ApprovalStatus']>>,
  Holds<Names<ReportStatus, Served['ReportStatus']>>,
  Holds<Names<ReportFormat, Served['ReportFormat']>>,
  Holds<Fields<Asset, Served['Asset']>>,
  Holds<Fields<Agreement, Served['Agreement']>>,
  Holds<Fields<Approval, Served['Approval']>>,
  Holds<Fields<Report, Served['Report']>>,
  Holds<Fields<ReportContents, Served['ReportContents']>>,
  Holds<Fields<Comment, Served['FindingComment']>>,
  Holds<Fields<FindingBody, Served['NewFinding']>>,
  Holds<Fields<ScanBody, Served['NewScan']>>,
  Holds<Fields<ProjectBody, Served['NewProject']>>,
  Holds<Fields<AgreementBody, Served['NewAgreement']>>,
  Holds<Fields<AssetBody, Served['NewAsset'] & Served['AssetChange']>>,
  Holds<Fields<ApprovalBody, Served['NewApproval']>>,
  Holds<Fields<NewReport, Served['NewReport']>>,
  Holds<Fields<Subscription, Served['CalendarFeed']>>,
  Holds<Fields<Token, Served['Token']>>,
  Holds<Fields<Session, Served['Session']>>,
  Holds<Fields<SavedView, Served['SavedView']>>,
  Holds<Names<ViewPage, Served['ViewPage']>>,
  Holds<Names<(typeof AUDIT_ACTIONS)[number], Served['Action']>>,
  Holds<Fields<AuditEntry, Served['AuditEntry']>>,
  Holds<Fields<Destination, Served['KnownDestination']>>,
  Holds<Fields<DryRun, Served['DryRun']>>,
  Holds<Fields<SlaDays, Served['SlaDays']>>,
  Holds<Fields<SlaDefaults, Served['SlaDefaults']>>,
  Holds<Fields<WebhookSecret, Served['WebhookSecret']>>,
  Holds<Fields<Rule, Served['NotificationRule']>>,
  Holds<Names<WebhookFormat, Served['WebhookFormat']>>,
];
