//! A database from before reopened and more severe findings had types of their own, migrated: settings for the old
//! types apply to the new ones, and a rule that could never send anything is disabled and says so.

use std::collections::BTreeMap;

use access::testing as people;
use base::{Id, Kind};
use serde_json::{Value as Json, json};
use store::{MigrationSet, Tx, params};

use crate::{
    destinations::{self, Owner},
    fixture::{FakeReceiver, Fixture, SETS, fixtures_with, next},
    target::Key,
};

const HOOK: &str = "https://receiver.example/hooks/0123456789abcdef";
const OTHER: &str = "https://other.example/hooks/0123456789abcdef";

/// The tables as they were.
fn older() -> &'static [MigrationSet] {
    let before = |set: &MigrationSet, step: &str| MigrationSet {
        owner: set.owner,
        steps: {
            let at = set.steps.iter().position(|(name, _)| *name == step).unwrap();
            &set.steps[..at]
        },
    };
    Box::leak(Box::new([
        store::MIGRATIONS,
        before(&access::MIGRATIONS, "0009-ownership"),
        before(&crate::MIGRATIONS, "0010-routing"),
    ]))
}

const RULE: &str = "insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, created_at, \
     updated_at, format) values ($1, $2, $3, $4, $5, $6, 5, 6, $7)";
const RECIPIENT: &str = "insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, target_key) \
     values ($1, $2, $3, $4, '', $4, 'mail', $5)";
const URL: &str = "insert into destinations (id, owner_kind, owner, rule_id, channel, sealed, target_key, label, template, \
     saved_at, refusals, off_at, off_reason, given_up_at) \
     values ($1, 'rule', $2, $2, 'webhook', $3, $4, $5, '', 6, $6, $7, $8, 0)";
const PREFERENCE: &str =
    "insert into notification_preferences (user_id, event_type, channel, is_on) values ($1, $2, $3, $4)";

/// A rule as it was.
#[derive(Clone)]
struct Old {
    id: Id,
    kind: &'static str,
    channel: &'static str,
    least: &'static str,
    company: Option<Id>,
    enabled: bool,
}

impl Old {
    fn write(&self, tx: &mut Tx<'_>, format: &str) -> Result<(), store::Error> {
        let company = self.company.map(|id| id.to_string()).unwrap_or_default();
        let row = params![
            self.id,
            self.kind,
            self.channel,
            self.least,
            company,
            self.enabled,
            format
        ];
        tx.execute(RULE, row).map(drop)
    }
}

async fn rule(fixture: &Fixture, old: Old, format: &'static str) -> Id {
    let id = old.id;
    fixture
        .store
        .write(move |tx| old.write(tx, format))
        .await
        .unwrap();
    id
}

/// An enabled rule for all companies.
fn old(fixture: &Fixture, kind: &'static str, channel: &'static str) -> Old {
    Old {
        id: fixture.clock.id(),
        kind,
        channel,
        least: "",
        company: None,
        enabled: true,
    }
}

/// Gives a rule a URL, with its health.
async fn url(
    fixture: &Fixture,
    rule: Id,
    url: &'static str,
    (refusals, off_at, reason): (i64, i64, &'static str),
) {
    url_as(fixture, fixture.clock.id(), rule, (url, refusals, off_at, reason)).await;
}

/// The same in a row with this id.
async fn url_as(
    fixture: &Fixture,
    id: Id,
    rule: Id,
    (url, refusals, off_at, reason): (&'static str, i64, i64, &'static str),
) {
    let vault = fixture.access.vault().clone();
    let fill = move |tx: &mut Tx<'_>| {
        let sealed = vault.seal(&format!("rule {rule} recipient {id}"), url);
        let key = Key::of_url(&vault, url).as_str().to_owned();
        let label = "https://receiver.example/…cdef";
        tx.execute(
            URL,
            params![id, rule, sealed, key, label, refusals, off_at, reason],
        )
        .map(drop)
    };
    fixture.store.write(fill).await.unwrap();
}

async fn upgrade(fixture: &Fixture) {
    fixture.store.migrate(SETS).await.unwrap();
    loop {
        let vault = fixture.access.vault().clone();
        let settled = fixture
            .store
            .write(move |tx| destinations::settle(tx, &vault))
            .await;
        if settled.unwrap() == 0 {
            break;
        }
    }
}

/// The rules as administrators see them, without those of a fresh install, by type and channel.
async fn listed(fixture: &Fixture) -> BTreeMap<String, Json> {
    let page = fixture.get(fixture.root, "/notification-rules?limit=200").await;
    let items = page["items"].as_array().unwrap().clone();
    let own = |item: &Json| !item["id"].as_str().unwrap().starts_with("019a4c00-0000-");
    let mut rules = BTreeMap::new();
    for item in items.into_iter().filter(own) {
        let text = |field: &str| item[field].as_str().unwrap_or("any").to_owned();
        let name = format!(
            "{} {} {}",
            text("event_type"),
            text("channel"),
            text("min_severity")
        );
        assert!(rules.insert(name, item).is_none(), "{}: two alike", fixture.name);
    }
    rules
}

fn id_of(rule: &Json) -> Id {
    rule["id"].as_str().unwrap().parse().unwrap()
}

/// The URLs of a rule, decrypted.
async fn urls(fixture: &Fixture, rule: Id) -> Vec<String> {
    let stored = fixture
        .store
        .read(move |tx| destinations::of_owners(tx, &[rule.into()]))
        .await;
    let vault = fixture.access.vault();
    let stored = stored.unwrap();
    assert!(stored.iter().all(|stored| stored.owner == Owner::Rule(rule)));
    stored
        .iter()
        .map(|stored| stored.opened(vault).unwrap().expose().to_owned())
        .collect()
}

// promise: R4
// promise: S4
#[tokio::test]
async fn rules_for_the_old_types_apply_to_the_new_ones() {
    for fixture in fixtures_with(older()).await {
        let hooked = Old {
            least: "high",
            ..old(&fixture, "finding.status_changed", "webhook")
        };
        let hooked = rule(&fixture, hooked, "cloudevents").await;
        url(&fixture, hooked, HOOK, (5, 9, "gone")).await;
        url(&fixture, hooked, OTHER, (2, 0, "")).await;
        let mailed = Old {
            company: Some(fixture.company),
            ..old(&fixture, "finding.status_changed", "email")
        };
        let mailed = rule(&fixture, mailed, "standard").await;
        let (row, other, ben) = (fixture.clock.id(), fixture.clock.id(), fixture.ben.to_string());
        let fill = move |tx: &mut Tx<'_>| {
            let cto = ("cto@example.com", "key of cto");
            tx.execute(RECIPIENT, params![row, mailed, "email", cto.0, cto.1])?;
            tx.execute(RECIPIENT, params![other, mailed, "user", &*ben, &*ben])
        };
        fixture.store.write(fill).await.unwrap();
        let off = Old {
            least: "critical",
            enabled: false,
            ..old(&fixture, "finding.updated", "in_app")
        };
        rule(&fixture, off, "standard").await;
        upgrade(&fixture).await;
        let rules = listed(&fixture).await;
        let names: Vec<&str> = rules.keys().map(String::as_str).collect();
        let expected = [
            "finding.reopened email any",
            "finding.reopened webhook high",
            "finding.severity_changed in_app critical",
            "finding.status_changed email any",
            "finding.status_changed webhook high",
            "finding.updated in_app critical",
        ];
        assert_eq!(names, expected, "{}", fixture.name);
        for (old, new) in [
            (
                "finding.status_changed webhook high",
                "finding.reopened webhook high",
            ),
            ("finding.status_changed email any", "finding.reopened email any"),
            (
                "finding.updated in_app critical",
                "finding.severity_changed in_app critical",
            ),
        ] {
            let same = [
                "recipients",
                "company_id",
                "enabled",
                "format",
                "batch",
                "filters",
                "disabled_reason",
            ];
            for field in same {
                assert_eq!(
                    rules[old][field], rules[new][field],
                    "{}: {field} of {new}",
                    fixture.name
                );
            }
            assert_eq!(rules[new]["batch"], "import");
            assert_eq!(rules[new]["disabled_reason"], Json::Null);
        }
        let copy = &rules["finding.reopened webhook high"];
        assert_eq!(copy["format"], "cloudevents");
        for id in [hooked, id_of(copy)] {
            let mut urls = urls(&fixture, id).await;
            urls.sort_unstable();
            assert_eq!(urls, [OTHER, HOOK], "{}: both open", fixture.name);
        }
        let off =
            "select count(*) from destinations where off_at = 9 and refusals = 5 and off_reason = 'gone'";
        assert_eq!(
            fixture.count(off).await,
            2,
            "{}: what is off stays off",
            fixture.name
        );
        assert_eq!(
            rules["finding.reopened email any"]["recipients"]["emails"],
            json!(["cto@example.com"])
        );
        let path = format!("/notification-rules/{}", id_of(copy));
        assert_eq!(
            fixture.call(fixture.root, "DELETE", &path, Json::Null).await.0,
            204
        );
        assert_eq!(
            urls(&fixture, hooked).await.len(),
            2,
            "{}: the old one keeps its own",
            fixture.name
        );
        assert_eq!(urls(&fixture, id_of(copy)).await.len(), 0);
    }
}

/// An id whose last part begins with this digit.
fn id_with(fixture: &Fixture, digit: u8, number: u8) -> Id {
    let mut random = [number; 10];
    (random[4], random[9]) = (digit << 4, digit);
    Id::from_parts(fixture.clock.now().millis(), random)
}

// promise: R4
#[tokio::test]
async fn each_rule_is_copied_whatever_its_id() {
    for fixture in fixtures_with(older()).await {
        for digit in 0..16_u8 {
            let company = people::company(&fixture.store, &format!("Company {digit}")).await;
            let (row, address) = (id_with(&fixture, digit, 1), format!("cto{digit}@example.com"));
            let mut made = Vec::new();
            for (number, channel) in [(2, "email"), (3, "webhook")] {
                let old = Old {
                    id: id_with(&fixture, digit, number),
                    company: Some(company),
                    ..old(&fixture, "finding.status_changed", channel)
                };
                made.push(rule(&fixture, old, "standard").await);
            }
            let mailed = made[0];
            let fill = move |tx: &mut Tx<'_>| {
                tx.execute(RECIPIENT, params![row, mailed, "email", &*address, &*address])
            };
            fixture.store.write(fill).await.unwrap();
            url_as(&fixture, id_with(&fixture, digit, 4), made[1], (HOOK, 0, 0, "")).await;
        }
        upgrade(&fixture).await;
        let copied = "select count(*) from notification_rules r join notification_rule_recipients c on c.rule_id = r.id \
             where r.event_type = 'finding.reopened' and r.company_id <> '' and r.enabled = 1";
        assert_eq!(fixture.count(copied).await, 16, "{}", fixture.name);
        let copied = "select count(*) from notification_rules r join destinations d on d.owner = r.id \
             where r.event_type = 'finding.reopened' and r.company_id <> '' and r.enabled = 1 and d.sealed_for = '' \
             and r.disabled_reason = ''";
        assert_eq!(fixture.count(copied).await, 16, "{}", fixture.name);
        let rules = fixture.rows(
            "select id from notification_rules where event_type = 'finding.reopened' and channel = 'webhook'",
        );
        for (id,) in rules.await {
            assert_eq!(
                urls(&fixture, id.parse().unwrap()).await,
                [HOOK],
                "{}: it opens",
                fixture.name
            );
        }
    }
}

// promise: R4
#[tokio::test]
async fn a_rule_that_could_never_send_is_disabled_and_listed_with_the_reason() {
    for fixture in fixtures_with(older()).await {
        for (kind, channel) in [
            ("report.ready", "webhook"),
            ("finding.updated", "slack"),
            ("sla.breached", "teams"),
        ] {
            rule(&fixture, old(&fixture, kind, channel), "standard").await;
        }
        let good = rule(&fixture, old(&fixture, "scan.failed", "webhook"), "standard").await;
        url(&fixture, good, HOOK, (0, 0, "")).await;
        let by_hand = Old {
            enabled: false,
            ..old(&fixture, "scan.deleted", "webhook")
        };
        rule(&fixture, by_hand, "standard").await;
        rule(&fixture, old(&fixture, "finding.commented", "email"), "standard").await;
        upgrade(&fixture).await;
        let rules = listed(&fixture).await;
        let actual: Vec<(&str, bool, bool)> = rules
            .iter()
            .map(|(name, rule)| {
                (
                    name.as_str(),
                    rule["enabled"] == true,
                    rule["disabled_reason"].is_string(),
                )
            })
            .collect();
        let expected = [
            ("finding.commented email any", true, false),
            ("finding.severity_changed slack any", false, true),
            ("finding.updated slack any", false, true),
            ("report.ready webhook any", false, true),
            ("scan.deleted webhook any", false, false),
            ("scan.failed webhook any", true, false),
            ("sla.breached teams any", false, true),
        ];
        assert_eq!(actual, expected, "{}", fixture.name);
        let reason = rules["report.ready webhook any"]["disabled_reason"]
            .as_str()
            .unwrap();
        assert!(reason.contains("no URL"), "{reason}");
    }
}

// promise: R5
// promise: R7
#[tokio::test]
async fn preferences_for_the_old_types_apply_to_the_new_ones() {
    for fixture in fixtures_with(older()).await {
        // The administrator disabled a rule of the fresh install.
        let off = "update notification_rules set enabled = 0 where event_type = 'finding.status_changed'";
        fixture.store.write(move |tx| tx.execute(off, &[])).await.unwrap();
        let (ana, ben) = (fixture.ana, fixture.ben);
        let fill = move |tx: &mut Tx<'_>| {
            for (user, kind, channel, on) in [
                (ana, "finding.status_changed", "email", false),
                (ana, "finding.updated", "slack", true),
                (ben, "finding.updated", "in_app", false),
                (ben, "finding.assigned", "email", false),
            ] {
                tx.execute(PREFERENCE, params![user, kind, channel, on])?;
            }
            Ok::<_, store::Error>(())
        };
        fixture.store.write(fill).await.unwrap();
        upgrade(&fixture).await;
        let actual = async |user: Id| fixture.get(user, "/me/notification-preferences").await;
        let (anas, bens) = (actual(ana).await, actual(ben).await);
        for (matrix, key, expected) in [
            (&anas, "finding.status_changed:email", false),
            (&anas, "finding.reopened:email", false),
            (&anas, "finding.severity_changed:slack", true),
            (&anas, "finding.severity_changed:in_app", true),
            (&bens, "finding.severity_changed:in_app", false),
            (&bens, "finding.reopened:email", true),
            (&bens, "finding.assigned:email", false),
        ] {
            assert_eq!(matrix[key], expected, "{}: {key}", fixture.name);
        }
        let page = fixture.get(fixture.root, "/notification-rules?limit=200").await;
        let fresh = |kind: &str, channel: &str| {
            let items = page["items"].as_array().unwrap();
            let of = |item: &&Json| item["event_type"] == kind && item["channel"] == channel;
            let found: Vec<bool> = items
                .iter()
                .filter(of)
                .map(|item| item["enabled"] == true)
                .collect();
            found
        };
        assert_eq!(
            fresh("finding.reopened", "in_app"),
            [false],
            "{}: as he left it",
            fixture.name
        );
        assert_eq!(fresh("finding.reopened", "email"), [true]);
        assert_eq!(fresh("finding.created", "email"), [true]);
        assert_eq!(
            fixture.count("select count(*) from team_chats").await,
            0,
            "the shipped default"
        );
        assert_eq!(
            fixture
                .count("select count(*) from users where notify_own_actions <> 0")
                .await,
            0
        );
        // And so it is: the more severe one is in Ana's inbox and not in Ben's; both get the mail.
        let (fake, mut received) = FakeReceiver::new();
        let engine = fixture.engine(&fake);
        fixture
            .emit(fixture.event(Kind::FindingSeverityChanged, &[ana, ben], &[]))
            .await;
        for _ in 0..2 {
            next(&mut received).await;
        }
        let summary = "/notifications/summary";
        assert_eq!(fixture.get(ana, summary).await["total"], 1, "{}", fixture.name);
        assert_eq!(fixture.get(ben, summary).await["total"], 0, "{}", fixture.name);
        engine.stop().await;
    }
}
