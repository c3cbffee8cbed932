//! The content of an entry.

use base::{Id, Severity};
use records::{findings, scans};
use serde_json::{Value, json};

use crate::{
    promises::NOON,
    world::{Wanted, World, day, due, time},
};

/// An entry with only what most of them have in common.
fn entry(world: &World, kind: &str, entity: (&str, Id), fields: Value) -> Value {
    let (entity_type, id) = entity;
    let mut entry = json!({
        "id": format!("{kind}:{id}"), "kind": kind, "entity_type": entity_type, "entity_id": id, "ends_at": null,
        "all_day": false, "date": null, "ends_on": null, "severity": null, "company_id": world.ours.id, "company_name": "Ours", "project_id": null,
        "project_name": null,
    });
    if let (Value::Object(entry), Value::Object(fields)) = (&mut entry, fields) {
        entry.extend(fields);
    }
    entry
}

// promise: K6
#[tokio::test]
async fn an_entry_has_everything_a_drawer_shows() {
    for world in World::all().await {
        let ours = &world.ours;
        let (start, scanned) = ("2026-04-02T00:00:00Z", "2026-04-05T00:00:00Z");
        let (end, deadline, later) = (
            "2026-04-09T00:00:00Z",
            "2026-04-12T00:00:00Z",
            "2026-04-13T00:00:00Z",
        );
        let days = [Some(day(&start[..10])), Some(day(&end[..10]))];
        let project = world.project(ours, days).await;
        let status = scans::Status::Scheduled;
        let scan = world.scan(ours, Some(&project), status, time(scanned)).await;
        let wanted = Wanted {
            status: findings::Status::Retest,
            severity: Severity::Urgent,
            ..due(Some(deadline), Some(NOON))
        };
        let finding = world.finding(ours, Some(&project), wanted, &[]).await;
        let bare = world.finding(ours, None, due(Some(later), None), &[]).await;
        let (of, web) = (("project", project.id), json!("Web"));
        let in_project = |kind, entity, mut fields: Value| {
            fields["project_id"] = json!(project.id);
            fields["project_name"] = web.clone();
            entry(&world, kind, entity, fields)
        };
        let (start_day, end_day) = (&start[..10], &end[..10]);
        let starts = json!({"title": "Web", "status": "active", "at": start, "ends_at": end, "all_day": true,
            "date": start_day, "ends_on": end_day});
        let ends = json!({"title": "Web", "status": "active", "at": end, "all_day": true, "date": end_day});
        let agreement = world.agreement(ours, "active", day("2026-04-14")).await;
        let frame = json!({"title": "Frame", "status": "active", "at": "2026-04-14T00:00:00Z", "all_day": true,
            "date": "2026-04-14"});
        let nightly = json!({"title": "Nightly", "status": "scheduled", "at": scanned});
        let urgent =
            |at| json!({"title": "SQL injection", "status": "retest", "severity": "urgent", "at": at});
        let plain = json!({"title": "SQL injection", "status": "open", "severity": "high", "at": later});
        let expected = json!([
            in_project("project_start", of, starts),
            in_project("scan", ("scan", scan), nightly),
            in_project("project_end", of, ends),
            in_project("retest_due", ("finding", finding), urgent(NOON)),
            in_project("sla_due", ("finding", finding), urgent(deadline)),
            entry(&world, "sla_due", ("finding", bare), plain),
            entry(&world, "agreement_expiry", ("agreement", agreement), frame),
        ]);
        assert_eq!(world.feed(&world.viewer, "").await["items"], expected);
    }
}
