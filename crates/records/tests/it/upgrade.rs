//! Databases of earlier versions, migrated.

use access::testing;
use base::{Clock, Id, Scope, Time};
use records::{approvals, assets, findings, projects};
use store::{MigrationSet, Store, params};

const STEP: usize = 12;
static BEFORE: [MigrationSet; 3] = [
    store::MIGRATIONS,
    access::MIGRATIONS,
    MigrationSet {
        owner: records::MIGRATIONS.owner,
        steps: records::MIGRATIONS.steps.split_at(STEP).0,
    },
];
static AFTER: [MigrationSet; 3] = [store::MIGRATIONS, access::MIGRATIONS, records::MIGRATIONS];

const FINDING: &str = "insert into findings (id, company_id, project_id, tool, fingerprint, rule_id, location, cwe, title, \
     description, severity, severity_rank, status, first_scan_id, last_scan_id, sla_due_at, sla_by_hand, \
     retest_due_at, closed_at, closed_by_scan, created_by, search, created_at, updated_at, last_seen_at) \
     values ($1, $2, '', '', $1, '', '', '', 'Old', '', $3, 3, $4, '', '', 0, 0, 0, 0, 0, '', '', 1, 1, 1)";
const APPROVAL: &str = "insert into approvals (id, company_id, finding_id, reason, status, expires_at, requested_by, \
     decided_by, decided_at, comment, created_at, updated_at) \
     values ($1, $2, $3, 'r', $4, 9000000000000000000, $5, '', 1, '', 1, 1)";

async fn finding(store: &Store, company: Id, (severity, status): (&'static str, &'static str)) -> Id {
    let id = store.clock().id();
    let written = store.write(move |tx| tx.execute(FINDING, params![id, company, severity, status]));
    written.await.unwrap();
    id
}

// promise: H1, H2, H4
#[tokio::test]
async fn earlier_decisions_and_acceptances_are_migrated() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    assert_eq!(records::MIGRATIONS.steps[STEP].0, "0014-acceptance");
    for (database, store) in store::testing::stores_with(clock, &BEFORE).await {
        let company = testing::company(&store, "Ours").await;
        let user = testing::user(&store, "ana@example.org").await;
        let approved = finding(&store, company, ("medium", "accepted_risk")).await;
        let asked = finding(&store, company, ("low", "open")).await;
        let without = finding(&store, company, ("high", "accepted_risk")).await;
        for (finding, status) in [(approved, "approved"), (asked, "requested")] {
            let id = store.clock().id();
            let values = params![id, company, finding, status, user].to_vec();
            let written = store.write(move |tx| tx.execute(APPROVAL, &values));
            written.await.unwrap();
        }
        store.migrate(&AFTER).await.unwrap();
        let adopted = store.write(|tx| approvals::adopt(tx, 100)).await.unwrap();
        assert_eq!(adopted, 1, "{database}");
        let rows = store
            .read(|tx| {
                tx.all::<(Id, String, String, Time, i64)>(
                    "select a.finding_id, a.status, a.accepted_severity, a.expires_at, \
                     (select count(*) from approval_authors b where b.approval_id = a.id) from approvals a",
                    &[],
                )
            })
            .await
            .unwrap();
        let of = |finding: Id| rows.iter().find(|row| row.0 == finding).unwrap();
        let (_, status, severity, _, authors) = of(approved);
        assert_eq!((&**status, &**severity, *authors), ("approved", "medium", 1));
        let (_, status, severity, _, authors) = of(asked);
        assert_eq!((&**status, &**severity, *authors), ("requested", "", 1));
        let (_, status, severity, ends, authors) = of(without);
        assert_eq!((&**status, &**severity, *authors), ("unapproved", "high", 0));
        assert_eq!(ends.to_string(), "2026-05-30T12:00:00Z", "90 days, {database}");
    }
}

const PROJECT: &str = "insert into projects (id, company_id, name, description, status, starts_at, ends_at, search, \
     created_at, updated_at) values ($1, $2, 'Shop', '', 'active', 0, 0, 'shop', 1, 1)";
const ASSET: &str = "insert into assets (id, company_id, name, kind, identifier, description, criticality, status, search, \
     created_at, updated_at) values ($1, $2, 'Host', 'host', 'shop.example', '', 'high', 'active', 'host', 1, 1)";

/// The tables from before tags and owners.
fn untagged() -> &'static [MigrationSet] {
    let before = |set: &MigrationSet, step: &str| {
        let at = set.steps.iter().position(|(name, _)| *name == step).unwrap();
        MigrationSet {
            owner: set.owner,
            steps: &set.steps[..at],
        }
    };
    Box::leak(Box::new([
        store::MIGRATIONS,
        before(&access::MIGRATIONS, "0009-ownership"),
        before(&records::MIGRATIONS, "0016-tags"),
    ]))
}

// promise: O4
#[tokio::test]
async fn earlier_records_have_no_tags_and_owners() {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    for (database, store) in store::testing::stores_with(clock, untagged()).await {
        let company = testing::company(&store, "Ours").await;
        let old = finding(&store, company, ("high", "open")).await;
        let (project, asset) = (store.clock().id(), store.clock().id());
        let fill = move |tx: &mut store::Tx<'_>| {
            tx.execute(PROJECT, params![project, company])?;
            tx.execute(ASSET, params![asset, company])
        };
        store.write(fill).await.unwrap();
        store.migrate(&AFTER).await.unwrap();
        let read = store.read(move |tx| {
            let finding = findings::get(tx, old, &Scope::All)?;
            let project = projects::get(tx, project, &Scope::All)?;
            let asset = assets::get(tx, asset, &Scope::All)?;
            Ok::<_, access::Problem>((finding, project, asset))
        });
        let (finding, project, asset) = read.await.unwrap();
        assert_eq!(
            (&*finding.title, &*project.name, &*asset.name),
            ("Old", "Shop", "Host")
        );
        for tags in [&finding.tags, &project.tags, &asset.tags] {
            assert!(tags.is_empty(), "{database}: {tags:?}");
        }
        for owned in [&project.owners, &asset.owners] {
            assert!(owned.users.is_empty() && owned.teams.is_empty(), "{database}");
        }
    }
}
