//! Every route of `openapi.json`: who may call it, and a valid body.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use Needs::{Admin, Analyst, Anonymous, Manager, Own, PlatformAdmin, SignedIn, SomeManager, Viewer};

/// What a route requires of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Nothing: signing in and out.
    Anonymous,
    /// Anyone with a session.
    SignedIn,
    /// The user who owns the record.
    Own,
    /// A role in the company.
    Viewer,
    Analyst,
    /// A manager of any company.
    SomeManager,
    Manager,
    /// An administrator; callers without access to the company learn nothing about it.
    Admin,
    /// An administrator, for records without a company.
    PlatformAdmin,
}

/// The ids of real records, by the segment before `{id}` in a path.
pub type Ids = BTreeMap<&'static str, String>;

/// A valid body.
pub type Body = fn(&Ids) -> Value;

/// A route: method, path, who may call it, a valid body if it takes one.
pub type Route = (&'static str, &'static str, Needs, Option<Body>);

/// Each route once. A missing route fails the tests.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    ("GET", "/activity", SignedIn, None),
    ("GET", "/agreements", SignedIn, None),
    ("POST", "/agreements", Manager,
        Some(|ids| json!({"company_id": ids["companies"], "name": "a", "expires_on": "2030-01-01"}))),
    ("GET", "/agreements/{id}", Viewer, None),
    ("PATCH", "/agreements/{id}", Manager, Some(|_| json!({"hours": 5}))),
    ("DELETE", "/agreements/{id}", Manager, None),
    ("GET", "/announcements", SignedIn, None),
    ("POST", "/announcements", PlatformAdmin, Some(|_| json!({"title": "Maintenance", "body": "On Sunday."}))),
    ("DELETE", "/announcements/{id}", PlatformAdmin, None),
    ("GET", "/approvals", SignedIn, None),
    ("POST", "/approvals", Analyst,
        Some(|ids| json!({"finding_id": ids["findings"], "reason": "r", "expires_at": "2030-01-01T00:00:00Z"}))),
    ("GET", "/approvals/{id}", Viewer, None),
    ("PATCH", "/approvals/{id}", Analyst, Some(|_| json!({"reason": "s"}))),
    ("DELETE", "/approvals/{id}", Analyst, None),
    ("POST", "/approvals/{id}/decision", Manager, Some(|_| json!({"decision": "approved", "version": 1}))),
    ("GET", "/assets", SignedIn, None),
    ("POST", "/assets", Analyst, Some(|ids| json!({"company_id": ids["companies"], "name": "a"}))),
    ("GET", "/assets/{id}", Viewer, None),
    ("PATCH", "/assets/{id}", Analyst, Some(|_| json!({"criticality": "high"}))),
    ("DELETE", "/assets/{id}", Manager, None),
    ("GET", "/audit", PlatformAdmin, None),
    ("POST", "/auth/login", Anonymous, Some(|_| json!({"email": "nobody@campanile.test", "password": "not the password"}))),
    ("POST", "/auth/logout", Anonymous, None),
    ("GET", "/calendar", SignedIn, None),
    ("GET", "/calendar.ics", Anonymous, None),
    ("GET", "/companies", SignedIn, None),
    ("POST", "/companies", PlatformAdmin, Some(|_| json!({"name": "Another"}))),
    ("GET", "/companies/{id}", Viewer, None),
    ("PATCH", "/companies/{id}", Admin, Some(|_| json!({"name": "Acme"}))),
    ("DELETE", "/companies/{id}", Admin, None),
    ("PUT", "/companies/{id}/members/{user_id}", Admin, Some(|_| json!({"role": "analyst"}))),
    ("DELETE", "/companies/{id}/members/{user_id}", Admin, None),
    ("GET", "/sla-defaults", SignedIn, None),
    ("GET", "/companies/{id}/ownership-rules", Viewer, None),
    ("PUT", "/companies/{id}/ownership-rules", Manager,
        Some(|ids| json!({"items": [{"match": {"tool": "trivy"}, "team_ids": [ids["teams"]]}]}))),
    ("POST", "/companies/{id}/ownership-rules/codeowners", Manager, Some(|_| json!({"text": "* @ana"}))),
    ("GET", "/companies/{id}/sla-days", Viewer, None),
    ("PUT", "/companies/{id}/sla-days", Manager, Some(|_| json!({"critical": 3, "high": null}))),
    ("GET", "/companies/{id}/sla-warnings", Viewer, None),
    ("PUT", "/companies/{id}/sla-warnings", Manager, Some(|_| json!({"hours": [72, 4]}))),
    ("GET", "/dashboard", SignedIn, None),
    ("GET", "/deliveries", PlatformAdmin, None),
    ("GET", "/deliveries/set-aside", PlatformAdmin, None),
    ("POST", "/deliveries/redeliver", PlatformAdmin,
        Some(|ids| json!({"destination_of": ids["deliveries"], "since": "2026-01-01T00:00:00Z"}))),
    ("POST", "/deliveries/send-now", PlatformAdmin, Some(|_| json!({"channel": "email"}))),
    ("GET", "/deliveries/{id}", PlatformAdmin, None),
    ("POST", "/deliveries/{id}/redeliver", PlatformAdmin, None),
    ("GET", "/destinations", PlatformAdmin, None),
    ("GET", "/destinations/summary", PlatformAdmin, None),
    ("POST", "/destinations/test", PlatformAdmin, Some(|_| json!({"channel": "email", "email": "x@campanile.test"}))),
    ("GET", "/event-types", SignedIn, None),
    ("POST", "/events", Analyst, Some(|ids| json!({
        "specversion": "1.0", "id": "1", "source": "urn:elsewhere", "type": "finding.created", "company": ids["companies"],
        "data": {"title": "t", "severity": "low"}}))),
    ("GET", "/events/{id}/trace", Manager, None),
    ("GET", "/findings", SignedIn, None),
    ("POST", "/findings", Analyst, Some(|ids| json!({"company_id": ids["companies"], "title": "t", "severity": "low"}))),
    ("POST", "/findings/bulk/assignees", Analyst,
        Some(|ids| json!({"finding_ids": [ids["findings"]], "user_ids": [ids["users"]], "add": true}))),
    ("POST", "/findings/bulk/status", Analyst,
        Some(|ids| json!({"finding_ids": [ids["findings"]], "status": "in_progress"}))),
    ("GET", "/findings/{id}/comments", Viewer, None),
    ("POST", "/findings/{id}/comments", Analyst, Some(|_| json!({"body": "c"}))),
    ("PATCH", "/findings/{id}/comments/{comment_id}", Own, Some(|_| json!({"body": "d"}))),
    ("DELETE", "/findings/{id}/comments/{comment_id}", Analyst, None),
    ("GET", "/findings/{id}", Viewer, None),
    ("PATCH", "/findings/{id}", Analyst, Some(|_| json!({"title": "t"}))),
    ("DELETE", "/findings/{id}", Manager, None),
    ("POST", "/findings/{id}/assignees", Analyst, Some(|_| json!({"user_ids": [], "team_ids": []}))),
    ("POST", "/findings/{id}/follow", Viewer, None),
    ("DELETE", "/findings/{id}/follow", Viewer, None),
    ("GET", "/findings/{id}/history", Viewer, None),
    ("POST", "/findings/{id}/status", Analyst, Some(|_| json!({"status": "in_progress", "comment": "c"}))),
    ("GET", "/import-formats", SignedIn, None),
    ("GET", "/insights/time-to-know", SomeManager, None),
    ("GET", "/me", SignedIn, None),
    ("PATCH", "/me", SignedIn, Some(|_| json!({"name": "New Name"}))),
    ("GET", "/me/calendar-feeds", SignedIn, None),
    ("POST", "/me/calendar-feeds", SignedIn, Some(|_| json!({"name": "Deadlines"}))),
    ("DELETE", "/me/calendar-feeds/{id}", Own, None),
    ("GET", "/me/chat", SignedIn, None),
    ("PUT", "/me/chat", SignedIn, Some(|_| json!({"slack_enabled": false}))),
    ("GET", "/me/notification-preferences", SignedIn, None),
    ("PUT", "/me/notification-preferences", SignedIn, Some(|_| json!({"finding.assigned:email": true}))),
    ("GET", "/me/notification-sources", SignedIn, None),
    ("POST", "/me/password", SignedIn,
        Some(|_| json!({"current_password": "not the password", "new_password": "quite another password"}))),
    ("GET", "/me/views", SignedIn, None),
    ("POST", "/me/views", SignedIn, Some(|_| json!({"page": "findings", "name": "Mine", "query": "assignee=me"}))),
    ("PATCH", "/me/views/{id}", Own, Some(|_| json!({"query": "status=open"}))),
    ("DELETE", "/me/views/{id}", Own, None),
    ("GET", "/nodes", PlatformAdmin, None),
    ("GET", "/notification-rules", SomeManager, None),
    ("POST", "/notification-rules", PlatformAdmin,
        Some(|_| json!({"event_type": "project.deleted", "channel": "email", "recipients": {"emails": ["x@campanile.test"]}}))),
    ("POST", "/notification-rules/dry-run", PlatformAdmin,
        Some(|_| json!({"event_type": "finding.assigned", "channel": "email"}))),
    ("GET", "/notification-rules/{id}", SomeManager, None),
    ("PATCH", "/notification-rules/{id}", PlatformAdmin, Some(|_| json!({"enabled": true}))),
    ("DELETE", "/notification-rules/{id}", PlatformAdmin, None),
    ("GET", "/notification-rules/{id}/webhook-secrets", PlatformAdmin, None),
    ("POST", "/notification-rules/{id}/webhook-secrets/rotate", PlatformAdmin, Some(|_| json!({}))),
    ("GET", "/notifications", SignedIn, None),
    ("GET", "/notifications/summary", SignedIn, None),
    ("POST", "/notifications/read-all", SignedIn, None),
    ("POST", "/notifications/{id}/read", Own, None),
    ("GET", "/projects", SignedIn, None),
    ("POST", "/projects", Manager, Some(|ids| json!({"company_id": ids["companies"], "name": "p"}))),
    ("GET", "/projects/{id}", Viewer, None),
    ("PATCH", "/projects/{id}", Manager, Some(|_| json!({"name": "Web shop"}))),
    ("DELETE", "/projects/{id}", Manager, None),
    ("POST", "/projects/{id}/follow", Viewer, None),
    ("DELETE", "/projects/{id}/follow", Viewer, None),
    ("GET", "/reports", SignedIn, None),
    ("POST", "/reports", Analyst, Some(|ids| json!({"company_id": ids["companies"], "format": "csv"}))),
    ("GET", "/reports/{id}", Viewer, None),
    ("PATCH", "/reports/{id}", Analyst, Some(|_| json!({"name": "r"}))),
    ("DELETE", "/reports/{id}", Analyst, None),
    ("GET", "/reports/{id}/download", Viewer, None),
    ("GET", "/scans", SignedIn, None),
    ("POST", "/scans", Analyst, Some(|ids| json!({"company_id": ids["companies"], "name": "s"}))),
    ("POST", "/scans/import", Analyst, Some(|_| json!({"version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "T"}}, "results": []}]}))),
    ("POST", "/scans/table-preview", SignedIn, Some(|_| json!({"title": "a"}))),
    ("GET", "/scans/{id}", Viewer, None),
    ("PATCH", "/scans/{id}", Analyst, Some(|_| json!({"name": "s"}))),
    ("DELETE", "/scans/{id}", Manager, None),
    ("POST", "/scans/{id}/undo", Analyst, None),
    ("GET", "/sessions", SignedIn, None),
    ("POST", "/sessions/end-others", SignedIn, None),
    ("DELETE", "/sessions/{id}", Own, None),
    ("GET", "/stream", SignedIn, None),
    ("POST", "/stream/tickets", SignedIn, None),
    ("GET", "/targets", SignedIn, None),
    ("POST", "/targets/{id}/retire", Manager, Some(|_| json!({"comment": "gone"}))),
    ("GET", "/teams", SignedIn, None),
    ("POST", "/teams", Manager, Some(|ids| json!({"company_id": ids["companies"], "name": "Green"}))),
    ("GET", "/teams/{id}", Viewer, None),
    ("PATCH", "/teams/{id}", Manager, Some(|_| json!({"name": "Blue"}))),
    ("DELETE", "/teams/{id}", Manager, None),
    ("GET", "/tokens", SignedIn, None),
    ("POST", "/tokens", SignedIn, Some(|_| json!({"name": "ci"}))),
    ("DELETE", "/tokens/{id}", Own, None),
    ("GET", "/unsubscribe", Anonymous, None),
    ("POST", "/unsubscribe", Anonymous, None),
    ("GET", "/users", SignedIn, None),
    ("POST", "/users", PlatformAdmin, Some(|_| json!({"email": "new@campanile.test", "name": "New"}))),
    ("GET", "/users/{id}", Viewer, None),
    ("PATCH", "/users/{id}", Admin, Some(|_| json!({"name": "ana"}))),
    ("DELETE", "/users/{id}", Admin, None),
    ("GET", "/users/{id}/credentials", Admin, None),
    ("DELETE", "/users/{id}/credentials", Admin, None),
    ("DELETE", "/users/{id}/credentials/{credential_id}", Admin, None),
];

/// The path with ids filled in, and the required query of an import.
pub fn path(template: &str, ids: &Ids) -> String {
    // The record's kind precedes its id.
    let (before, _) = template.split_once("/{id}").unwrap_or((template, ""));
    let kind = before.rsplit('/').next().unwrap_or_default();
    let own = ids.get(kind).map(String::as_str).unwrap_or_default();
    let path = template
        .replace("{id}", own)
        .replace("{user_id}", &ids["users"])
        .replace("{credential_id}", &ids["credentials"])
        .replace("{comment_id}", &ids["comments"]);
    if template == "/scans/import" {
        return format!("{path}?company_id={}&format=sarif", ids["companies"]);
    }
    if template == "/unsubscribe" {
        return format!("{path}?user={}&type=finding.assigned&key=none", ids["users"]);
    }
    path
}
