//! Every URL is listed once for each owner, masked, with its recent health.

use std::time::Duration;

use access::testing as people;
use base::{Clock, Id};
use serde_json::{Value as Json, json};

use store::{Error, MigrationSet, Tx, params};

use super::Owner;
use crate::{
    channel::Channel,
    channels::Outcome,
    fixture::{Answer, FakeReceiver, Fixture, START, fixtures, next},
    target::Key,
};

const SLACK: &str = "https://hooks.slack.com/services/T0/B0/secret";
const TEAMS: &str = "https://acme.webhook.office.com/webhookb2/1234@5678/IncomingWebhook/secret/9999";
const HOOK: &str = "https://receiver.example/hooks/secret6789abcdef";
const OFF: &str = "select count(distinct target_key) from destinations where off_at > 0";
const TOLD: &str = "select count(*) from notifications where event_type = 'destination.switched_off'";

/// A rule with a URL, a team with two, a person with one.
async fn furnish(fixture: &Fixture) -> [String; 3] {
    let body = json!({"event_type": "report.ready", "channel": "webhook", "company_id": fixture.company,
        "recipients": {"urls": [HOOK]}});
    let (_, rule) = fixture
        .call(fixture.root, "POST", "/notification-rules", body)
        .await;
    let team = fixture
        .team("Red", &[], &[(Channel::Slack, SLACK), (Channel::Teams, TEAMS)])
        .await;
    let chat = json!({"slack_webhook_url": format!("{SLACK}2"), "slack_enabled": false});
    assert_eq!(fixture.call(fixture.ana, "PUT", "/me/chat", chat).await.0, 200);
    let rule = rule["id"].as_str().unwrap().to_owned();
    [rule, team.to_string(), fixture.ana.to_string()]
}

fn named(item: &Json) -> [&str; 3] {
    ["recipient_type", "channel", "name"].map(|field| item[field].as_str().unwrap_or(""))
}

async fn list(fixture: &Fixture) -> Vec<Json> {
    let page = fixture.get(fixture.root, "/destinations").await;
    assert!(!page.to_string().contains("secret"), "{page}");
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_is_listed_with_its_owner_and_masked() {
    for fixture in fixtures().await {
        assert_eq!(
            fixture
                .call(fixture.ana, "GET", "/destinations", Json::Null)
                .await
                .0,
            403
        );
        let [rule, team, ana] = furnish(&fixture).await;
        let items = list(&fixture).await;
        let names: Vec<_> = items.iter().map(named).collect();
        let expected = [
            ["url", "webhook", ""],
            ["team", "slack", "Red"],
            ["team", "teams", "Red"],
            ["user", "slack", "ana"],
        ];
        assert_eq!(names, expected, "{}", fixture.name);
        assert_eq!(items[0]["rule_id"], rule);
        assert_eq!(items[1]["recipient"], team);
        assert_eq!(items[3]["recipient"], ana);
        for at in [0, 1, 2] {
            assert_eq!(items[at]["company_id"], json!(fixture.company), "{at}");
        }
        let wanted: Vec<_> = items.iter().map(|item| &item["wanted"]).collect();
        assert_eq!(wanted, [true, true, true, false], "her chat is turned off");
        assert!(
            items
                .iter()
                .all(|item| item["on"] == true && item["refusals"] == 0)
        );
        assert_eq!(items[0]["destination"], "https://receiver.example/…cdef");
    }
}

#[tokio::test]
async fn pages_contain_each_once() {
    for fixture in fixtures().await {
        furnish(&fixture).await;
        let whole = list(&fixture).await;
        for limit in 1..=4 {
            let mut found = Vec::new();
            let mut path = format!("/destinations?limit={limit}");
            loop {
                let page = fixture.get(fixture.root, &path).await;
                found.extend(page["items"].as_array().unwrap().clone());
                assert!(found.len() <= whole.len(), "{}: {limit}", fixture.name);
                let Some(cursor) = page["next_cursor"].as_str() else {
                    break;
                };
                path = format!("/destinations?limit={limit}&cursor={cursor}");
            }
            assert_eq!(found, whole, "{}: {limit}", fixture.name);
        }
        let bad = fixture
            .call(fixture.root, "GET", "/destinations?cursor=x", Json::Null)
            .await;
        assert_eq!(bad.0, 422);
    }
}

#[tokio::test]
async fn one_that_rejected_shows_it_until_it_is_saved_again() {
    for fixture in fixtures().await {
        let [_, team, _] = furnish(&fixture).await;
        let team = team.parse().unwrap();
        let (fake, mut received) = FakeReceiver::new();
        fake.answers(HOOK, &[Answer::Outcome(Outcome::RefusedForGood)]);
        fake.answers(SLACK, &[Answer::Gone]);
        let engine = fixture.engine(&fake);
        fixture
            .emit(fixture.event(base::Kind::ReportReady, &[], &[]))
            .await;
        fixture.assign(&[], &[team]).await;
        for _ in 0..3 {
            next(&mut received).await;
        }
        fixture
            .until("select count(*) from deliveries where state = 'refused'", 2)
            .await;
        fixture.until(OFF, 1).await;
        fixture.until(TOLD, 1).await;
        let items = list(&fixture).await;
        assert_eq!(
            (&items[0]["on"], &items[0]["refusals"]),
            (&json!(true), &json!(1))
        );
        let slack = &items[1];
        assert_eq!(
            (&slack["on"], &slack["off_at"]),
            (&json!(false), &json!(fixture.clock.now()))
        );
        assert!(slack["off_reason"].as_str().unwrap().contains("the test says so"));
        let notifications = fixture
            .get(fixture.root, "/notifications?event_type=destination.switched_off")
            .await;
        assert_eq!(
            notifications["items"][0]["data"]["destination_id"],
            slack["destination_id"]
        );
        assert_eq!(items[2]["on"], true, "{}: the team's other one", fixture.name);
        fixture.clock.advance(Duration::from_secs(1));
        fixture.save_url(team, Channel::Slack, SLACK).await;
        assert_eq!(list(&fixture).await[1]["on"], true, "{}", fixture.name);
        engine.stop().await;
    }
}

#[tokio::test]
async fn urls_of_older_tables_are_migrated_as_they_were_sealed() {
    // The contents of an earlier version's tables: a rule's URL, a team's two, a person's chat; Slack is turned off.
    const BEFORE: &str = "insert into notification_rules (id, event_type, channel, min_severity, company_id, enabled, \
         created_at, updated_at) values ($1, 'report.ready', 'webhook', '', '', 1, 5, 5)";
    const URL: &str = "insert into notification_rule_recipients (id, rule_id, kind, value, sealed, label, lane, target_key) \
         values ($1, $2, 'url', '', $3, 'https://receiver.example/…cdef', 'receiver.example', $4)";
    const TEAM: &str = "update teams set slack_sealed = $2, slack_mask = 'https://hooks.slack.com/…cret', \
         slack_saved_at = 5, teams_sealed = $3, teams_mask = 'x', teams_saved_at = 5 where id = $1";
    const CHAT: &str = "insert into chat_settings (user_id, channel, enabled, sealed, label, lane, target_key) \
         values ($1, 'teams', 1, $2, 'y', 'acme.webhook.office.com', $3)";
    const HEALTH: &str = "insert into destination_health (target_key, id, channel, label, refusals, off_at, reason) \
         values ($1, $2, 'slack', 'https://hooks.slack.com/…cret', 5, 9, 'gone')";
    let older: &'static [MigrationSet] = Box::leak(Box::new([
        store::MIGRATIONS,
        access::MIGRATIONS,
        MigrationSet {
            owner: "notify",
            steps: &crate::MIGRATIONS.steps[..8],
        },
    ]));
    for (name, store) in store::testing::stores_with(Clock::manual(START), older).await {
        let access = people::access(&store);
        let company = people::company(&store, "Acme").await;
        let ana = people::user(&store, "ana@example.com").await;
        let team = people::team(&access, company, "Red", &[]).await;
        let (rule, row, off) = (store.clock().id(), store.clock().id(), store.clock().id());
        let vault = access.vault().clone();
        let key = |url: &str| Key::of_url(access.vault(), url).as_str().to_owned();
        let (hook_key, slack_key, chat_key) = (key(HOOK), key(SLACK), key(TEAMS));
        let fill = move |tx: &mut Tx<'_>| {
            let of_team = format!("team {team} company {company}");
            tx.execute(BEFORE, params![rule])?;
            let sealed = vault.seal(&format!("rule {rule} recipient {row}"), HOOK);
            tx.execute(URL, params![row, rule, sealed, hook_key])?;
            tx.execute(
                TEAM,
                params![team, vault.seal(&of_team, SLACK), vault.seal(&of_team, TEAMS)],
            )?;
            let sealed = vault.seal(&format!("chat teams user {ana}"), TEAMS);
            tx.execute(CHAT, params![ana, sealed, chat_key])?;
            tx.execute(HEALTH, params![slack_key, off])
        };
        store.write(fill).await.unwrap();
        store.migrate(crate::fixture::SETS).await.unwrap();
        let vault = access.vault().clone();
        while store
            .write({
                let vault = vault.clone();
                move |tx| super::settle(tx, &vault)
            })
            .await
            .unwrap()
            > 0
        {}
        let stored = store
            .read(move |tx| {
                let owners = [rule.into(), team.into(), ana.into()];
                Ok::<_, Error>((super::of_owners(tx, &owners)?, super::off(tx)?))
            })
            .await;
        let (stored, off) = stored.unwrap();
        let mut urls: Vec<_> = stored
            .iter()
            .map(|stored| {
                let url = stored.opened(&vault).unwrap();
                let key = stored.target(&vault).target.key;
                assert_eq!(stored.key, key.as_str(), "{name}");
                (stored.owner, stored.channel, url.expose().to_owned())
            })
            .collect();
        urls.sort_by_key(|(owner, channel, _)| (owner.kind(), *channel));
        let expected = [
            (Owner::Rule(rule), Channel::Webhook, HOOK.to_owned()),
            (Owner::Team(team), Channel::Slack, SLACK.to_owned()),
            (Owner::Team(team), Channel::Teams, TEAMS.to_owned()),
            (Owner::User(ana), Channel::Teams, TEAMS.to_owned()),
        ];
        assert_eq!(urls, expected, "{name}");
        assert_eq!(
            off.into_iter().collect::<Vec<_>>(),
            [Key::of_url(&vault, SLACK)],
            "{name}"
        );
        assert!(
            stored.iter().any(|stored| stored.id == row),
            "waiting deliveries refer to it"
        );
    }
}

#[tokio::test]
async fn a_url_moved_to_another_owner_cannot_be_decrypted() {
    for fixture in fixtures().await {
        let [_, team, ana] = furnish(&fixture).await;
        let (team, ana): (Id, Id) = (team.parse().unwrap(), ana.parse().unwrap());
        let moved = "update destinations set sealed = (select sealed from destinations where owner = $1 and \
             channel = 'slack') where owner = $2 and channel = 'slack'";
        fixture
            .store
            .write(move |tx| tx.execute(moved, params![team, ana]))
            .await
            .unwrap();
        let vault = fixture.access.vault().clone();
        let stored = fixture
            .store
            .read(move |tx| super::of_owners(tx, &[team.into(), ana.into()]))
            .await
            .unwrap();
        for stored in stored {
            let opened = stored.opened(&vault);
            assert_eq!(
                opened.is_some(),
                stored.owner == Owner::Team(team),
                "{}",
                fixture.name
            );
            assert!(
                !format!("{stored:?}{opened:?}").contains("T0/B0/secret"),
                "not even for a log"
            );
        }
    }
}

// promise: S4
#[tokio::test]
async fn a_stored_url_is_tested_by_its_id_by_its_owner() {
    for fixture in fixtures().await {
        let fixture = fixture.resolving("hooks.slack.com:443:127.0.0.1:1");
        furnish(&fixture).await;
        let items = list(&fixture).await;
        let test = async |user: Id, at: usize| {
            let body = json!({"destination": items[at]["destination_id"]});
            fixture.call(user, "POST", "/destinations/test", body).await
        };
        assert_eq!(
            test(fixture.ana, 0).await.0,
            403,
            "a rule's is the administrators'"
        );
        assert_eq!(test(fixture.ana, 1).await.0, 403, "a team's is its managers'");
        let (status, result) = test(fixture.ana, 3).await;
        assert_eq!(
            (status, &result["outcome"]),
            (200, &json!("refused_for_now")),
            "{result}"
        );
        assert!(!result.to_string().contains("secret"), "{result}");
        let (status, _) = test(fixture.root, 1).await;
        assert_eq!(status, 200);
        let none = json!({"destination": fixture.ana});
        assert_eq!(
            fixture
                .call(fixture.root, "POST", "/destinations/test", none)
                .await
                .0,
            422
        );
        let path = "/destinations/summary";
        assert_eq!(fixture.call(fixture.ana, "GET", path, Json::Null).await.0, 403);
        let summary = fixture.get(fixture.root, path).await;
        assert_eq!(
            summary,
            json!({"mail": "file", "switched_off": 0, "failing": 0, "set_aside": 0}),
            "{}",
            fixture.name
        );
    }
}
