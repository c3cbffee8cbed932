/** The English names of events, the same wherever one is named: in settings, the inbox and the dashboard. */

const names: Record<string, string> = {
  'finding.created': 'New finding',
  'finding.status_changed': 'Status changed',
  'finding.severity_changed': 'Severity changed',
  'finding.commented': 'New comment',
  'asset.created': 'New asset',
  'project.created': 'New project',
  'agreement.created': 'New agreement',
  'report.updated': 'Report renamed',
  'approval.updated': 'Approval changed',
  'approval.outgrown': 'More severe than accepted',
  'approval.deleted': 'Request withdrawn',
  'destination.switched_off': 'Destination turned off',
  'platform.announced': 'Announcement',
};

/** `finding.assigned` as `Finding assigned`. */
export function eventName(type: string): string {
  const words = type.replaceAll(/[._]/g, ' ');
  return names[type] ?? (words.charAt(0).toUpperCase() + words.slice(1)).replace(/^Sla/, 'SLA');
}
