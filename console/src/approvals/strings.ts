/** The English texts of approvals. */

import type { Approval, ApprovalStatus } from '../api/records';

export const approvalStatusNames: Record<ApprovalStatus, string> = {
  requested: 'Requested',
  approved: 'Approved',
  rejected: 'Rejected',
  expired: 'Expired',
  ended: 'Ended early',
  unapproved: 'Without approval',
};

export const approvalStatusHints: Record<ApprovalStatus, string> = {
  requested: 'Awaiting a decision.',
  approved: 'The risk is accepted until that date. Then the finding reopens automatically.',
  unapproved:
    'Accepted before approval was required. Request approval before the end date, or the finding reopens.',
  rejected: 'The risk is not accepted. The finding’s status does not change.',
  expired: 'The acceptance expired.',
  ended: 'The finding was reopened before the acceptance expired.',
};

export const approvalTexts = {
  title: 'Approvals',
  one: 'Approval',
  waiting: 'Waiting for a decision',
  decided: 'Decided',
  search: 'Search by finding',
  noneWaiting: 'No pending requests.',
  noneDecided: 'No decisions yet.',
  risk: 'Risk acceptance',
  riskText: 'Accept this risk until a date; a manager approves.',
  ask: 'Request risk acceptance',
  askButton: 'Send request',
  change: 'Edit request',
  changeButton: 'Save',
  reason: 'Reason',
  reasonHint: 'Why the risk is acceptable. Shown to the approver.',
  reasonNeeded: 'Enter why the risk is acceptable.',
  until: 'Until',
  untilHint: 'Until the end of that day. Then the finding reopens.',
  untilNeeded: 'Choose a day after today.',
  requestedBy: 'Requested by',
  requestedAt: 'Requested',
  decidedBy: 'Decided by',
  decidedAt: 'Decided',
  formerUser: 'Former user',
  nobody: 'Nobody',
  finding: 'Finding',
  open: 'View request',
  decide: 'Decide',
  decision: 'Decision',
  comment: 'Comment',
  commentHint: 'Optional. Shown to the requester.',
  approve: 'Approve',
  reject: 'Reject',
  notYours: 'You can’t decide on your own request.',
  changed: 'The request changed while you were reading it. Review it before you decide.',
  reviewed: 'I’ve reviewed the changes',
  stale: 'The request changed before your decision arrived. Nothing was decided: review it and decide again.',
  changeHint: 'If you change a request, you can’t decide it.',
  outgrown: (accepted: string) =>
    `This finding is now more severe than what was accepted (${accepted}). Withdraw the acceptance if it no longer holds.`,
  withdraw: 'Withdraw acceptance',
  reallyWithdraw: 'Withdraw? Click again',
  withdrawn: 'Risk acceptance withdrawn.',
  acceptedAs: 'Accepted as',
  without: 'Accepted without approval',
  withoutText:
    'These findings were accepted before approval was required. They reopen on the date below unless a request is approved.',
  withdrawRequest: 'Withdraw',
  decisionComment: 'Decision comment',
  line: (name: string, until: string) => `${name} · until ${until}`,
  emptyTitle: 'No approvals yet',
  emptyText: 'Requests to accept the risk of a finding appear here.',
} as const;

/** Who requested it: nobody if the risk was accepted before approval was required. */
export const requester = (one: Pick<Approval, 'status' | 'requested_by'>): string =>
  one.requested_by?.name ?? (one.status === 'unapproved' ? approvalTexts.nobody : approvalTexts.formerUser);
