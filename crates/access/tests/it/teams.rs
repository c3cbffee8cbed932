//! Teams: their members, and addresses that are checked, sealed and masked.

use access::{Role, directory, testing};
use serde_json::{Value, json};
use store::Error;

use crate::world::World;

const SLACK: &str = "https://hooks.slack.com/services/T0000/B0000/secretsecretabcd";
const TEAMS: &str = "https://example.webhook.office.com/webhookb2/secretsecretwxyz";

#[tokio::test]
async fn addresses_are_sealed_shown_masked_and_open_for_the_directory() {
    for world in World::each().await {
        let client = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let body = json!({"company_id": world.ours, "name": "Red", "slack_webhook_url": SLACK,
            "teams_webhook_url": TEAMS});
        let made = client.post("/teams", body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        assert_eq!(made["slack_webhook_url"], "https://hooks.slack.com/…abcd");
        assert_eq!(
            made["teams_webhook_url"],
            "https://example.webhook.office.com/…wxyz"
        );
        assert_eq!(
            (&made["company_name"], &made["members"]),
            (&json!("Ours"), &json!([]))
        );
        let id = made["id"].as_str().unwrap().parse().unwrap();
        let opened = async || {
            let vault = world.access.vault().clone();
            let teams = world
                .store
                .read(move |tx| directory::teams(tx, &vault, &[id]))
                .await
                .unwrap();
            let team = teams.into_iter().next().unwrap();
            let text = |secret: Option<access::Secret>| secret.map(|secret| secret.expose().to_owned());
            (text(team.slack_url), text(team.teams_url))
        };
        assert_eq!(opened().await, (Some(SLACK.to_owned()), Some(TEAMS.to_owned())));
        // A form that sends back the mask changes nothing; null and nothing take an address away.
        let path = format!("/teams/{id}");
        let answer = client
            .patch(
                &path,
                json!({"slack_webhook_url": made["slack_webhook_url"], "teams_webhook_url": null}),
            )
            .await;
        assert_eq!(
            answer.json()["teams_webhook_url"],
            Value::Null,
            "{}",
            answer.text()
        );
        assert_eq!(opened().await, (Some(SLACK.to_owned()), None));
        assert_eq!(
            client.patch(&path, json!({"name": "Blue"})).await.json()["name"],
            "Blue"
        );
        assert_eq!(opened().await, (Some(SLACK.to_owned()), None));
    }
}

// promise: S1
#[tokio::test]
async fn an_address_of_another_host_is_refused_when_it_is_saved() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for (field, url) in [
            ("slack_webhook_url", TEAMS),
            ("teams_webhook_url", SLACK),
            ("slack_webhook_url", "http://hooks.slack.com/services/T/B/x"),
            (
                "slack_webhook_url",
                "https://hooks.slack.com.evil.example/services/T/B/x",
            ),
            (
                "slack_webhook_url",
                "https://evil.example/https://hooks.slack.com/services/T/B/x",
            ),
            ("teams_webhook_url", "https://webhook.office.com@evil.example/x"),
            ("teams_webhook_url", "https://127.0.0.1/webhook.office.com"),
            ("teams_webhook_url", ""),
            ("teams_webhook_url", "\0"),
        ] {
            let body = json!({"company_id": world.ours, "name": "Red", field: url});
            let answer = admin.post("/teams", body).await;
            assert_eq!(answer.status, 422, "{url}: {}", answer.text());
            assert_eq!(answer.json()["errors"][0]["field"], field);
            assert!(url.is_empty() || !answer.text().contains(url), "it is not quoted");
        }
        assert!(admin.get("/teams").await.ids().is_empty());
    }
}

// promise: S1
#[tokio::test]
async fn an_address_is_held_to_the_hosts_that_the_operator_names() {
    let gov = "https://hooks.slack-gov.com/services/T0/B0/secretsecretabcd";
    let own = "https://eu.chat.acme.example/webhookb2/secretsecretwxyz";
    let saved = async |world: &World, field: &str, url: &str| {
        let body = json!({"company_id": world.ours, "name": url, field: url});
        world.as_admin().await.post("/teams", body).await.status
    };
    for world in World::each().await {
        assert_eq!(
            saved(&world, "slack_webhook_url", gov).await,
            422,
            "{}",
            world.name
        );
        assert_eq!(saved(&world, "teams_webhook_url", own).await, 422);
    }
    let others = |options: &mut access::Options| {
        options.hosts.slack_gov = true;
        options.hosts.teams = vec!["chat.acme.example".parse().unwrap()];
    };
    for world in World::each_with(others).await {
        assert_eq!(
            saved(&world, "slack_webhook_url", gov).await,
            201,
            "{}",
            world.name
        );
        assert_eq!(saved(&world, "teams_webhook_url", own).await, 201);
        assert_eq!(
            saved(&world, "teams_webhook_url", TEAMS).await,
            422,
            "no longer named"
        );
        let hostile = "https://evilchat.acme.example/webhookb2/secretsecretwxyz";
        assert_eq!(saved(&world, "teams_webhook_url", hostile).await, 422);
    }
}

#[tokio::test]
async fn who_is_in_a_team_is_in_its_company() {
    for world in World::each().await {
        let ours = world.member(world.ours, Role::Viewer).await;
        let theirs = world.member(world.theirs, Role::Viewer).await;
        let client = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let nobody = world.clock.id();
        let team = async |members: Value| {
            client
                .post(
                    "/teams",
                    json!({"company_id": world.ours, "name": "Red", "member_ids": members}),
                )
                .await
        };
        let refused = team(json!([ours, theirs, nobody])).await;
        assert_eq!(refused.status, 422);
        assert_eq!(
            refused.json()["errors"],
            json!([
                {"field": "member_ids[1]", "detail": "it is not a member of the company"},
                {"field": "member_ids[2]", "detail": "it is not a member of the company"},
            ])
        );
        let made = team(json!([ours, ours])).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        assert_eq!(made["members"].as_array().unwrap().len(), 1, "each once");
        assert_eq!(team(json!([])).await.status, 409, "a name once per company");
        let path = format!("/teams/{}", made["id"].as_str().unwrap());
        let admin = world.as_admin().await;
        let left = admin
            .delete(&format!("/companies/{}/members/{ours}", world.ours))
            .await;
        assert_eq!(left.status, 204);
        assert_eq!(
            client.get(&path).await.json()["members"],
            json!([]),
            "who leaves leaves the teams"
        );
    }
}

#[tokio::test]
async fn a_company_goes_with_its_teams_unless_it_has_records() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Manager).await;
        testing::team(&world.access, world.ours, "Red", &[user], [Some(SLACK), None]).await;
        let admin = world.as_admin().await;
        // What another crate's table does to it.
        world
            .store
            .write(|tx| {
                let sql = "create table records (id text not null primary key, company_id text not null \
                     references companies (id), user_id text not null references users (id))";
                tx.execute(sql, &[])
            })
            .await
            .unwrap();
        let (ours, theirs) = (world.ours, world.theirs);
        let kept = async |company: base::Id| {
            world
                .store
                .write(move |tx| {
                    let sql = "insert into records (id, company_id, user_id) values ('1', $1, $2)";
                    tx.execute(sql, store::params![company, user])
                })
                .await
                .unwrap();
        };
        kept(theirs).await;
        let refused = admin.delete(&format!("/companies/{theirs}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["title"].as_str()),
            (409, Some("Conflict"))
        );
        assert_eq!(admin.delete(&format!("/users/{user}")).await.status, 409);
        assert_eq!(
            world.as_user(user).await.get("/me").await.status,
            200,
            "nothing of it happened"
        );
        assert_eq!(admin.delete(&format!("/companies/{ours}")).await.status, 204);
        assert!(admin.get("/teams").await.ids().is_empty());
        let left = world
            .store
            .read(|tx| tx.one::<(i64,)>("select count(*) from memberships", &[]))
            .await;
        assert_eq!(left, Ok::<_, Error>(Some((0,))));
    }
}
