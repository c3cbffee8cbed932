//! Ownership rules over HTTP: who may set them, who may be named, and who has left.

use access::{Role, ownership, testing};
use base::{Id, SubjectType};
use serde_json::{Value, json};

use crate::world::{Answer, World};

fn path(company: Id) -> String {
    format!("/companies/{company}/ownership-rules")
}

fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.text());
    let json = answer.json();
    let errors = json["errors"].as_array().unwrap().iter();
    errors
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect()
}

// promise: O1
#[tokio::test]
async fn managers_set_the_rules_and_former_members_are_removed_from_them() {
    for world in World::each().await {
        let manager = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let ana = world.member(world.ours, Role::Analyst).await;
        let team = testing::team(&world.access, world.ours, "Red", &[]).await;
        let path = path(world.ours);
        assert_eq!(manager.get(&path).await.json(), json!({"items": []}));
        let rules = json!({"items": [
            {"match": {"path": "src/pay/", "min_severity": "high"}, "team_ids": [team]},
            {"match": {"tool": " Trivy "}, "user_ids": [ana, ana], "team_ids": [team]},
            {"user_ids": [ana]},
        ]});
        let answer = manager.put(&path, rules).await;
        assert_eq!(answer.status, 200, "{}: {}", world.name, answer.text());
        let set = answer.json();
        assert_eq!(
            set["items"][0],
            json!({"position": 1, "match": {"path": "src/pay/", "min_severity": "high"},
            "user_ids": [], "team_ids": [team], "active": true})
        );
        assert_eq!(set["items"][1]["match"], json!({"tool": "Trivy"}));
        assert_eq!(set["items"][1]["user_ids"], json!([ana]));
        // The response can be sent back.
        assert_eq!(manager.put(&path, set.clone()).await.json(), set);
        let viewer = world.as_user(world.member(world.ours, Role::Viewer).await).await;
        assert_eq!(viewer.get(&path).await.json(), set);

        // A disabled user is not responsible; a user who left is no longer named.
        testing::disable(&world.store, ana).await;
        assert_eq!(current(&world).await, [(1, 0, 1), (2, 0, 1), (3, 0, 0)]);
        assert_eq!(manager.get(&path).await.json(), set);
        testing::leave(&world.store, world.ours, ana).await;
        let admin = world.as_admin().await;
        assert_eq!(admin.delete(&format!("/teams/{team}")).await.status, 204);
        let left = manager.get(&path).await.json();
        let active: Vec<_> = left["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| &rule["active"])
            .collect();
        assert_eq!(active, [false, false, false], "{}", world.name);
        assert_eq!(left["items"][0]["match"], set["items"][0]["match"]);

        // One entry per change, none for a repeated one.
        let audit = admin.get("/audit?action=settings.changed").await.json();
        assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
        assert_eq!(
            audit["items"][0]["after"]["ownership_rules"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
    }
}

/// The effective rules: position, number of users and of teams.
async fn current(world: &World) -> Vec<(u32, usize, usize)> {
    let ours = world.ours;
    let rules = world
        .store
        .read(move |tx| ownership::Rules::current(tx, &[ours]))
        .await
        .unwrap();
    let of_company = rules[&ours].iter();
    of_company
        .map(|rule| (rule.position, rule.user_ids.len(), rule.team_ids.len()))
        .collect()
}

#[tokio::test]
async fn invalid_rules_are_reported_and_change_nothing() {
    for world in World::each().await {
        let manager = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let stranger = world.member(world.theirs, Role::Manager).await;
        let theirs = testing::team(&world.access, world.theirs, "Blue", &[]).await;
        let ana = world.member(world.ours, Role::Viewer).await;
        let path = path(world.ours);
        let kept = json!({"items": [{"user_ids": [ana]}]});
        let kept = manager.put(&path, kept).await.json();
        let long = "x".repeat(301);
        for (item, expected) in [
            (json!({"user_ids": [ana, stranger]}), vec!["items[0].user_ids[1]"]),
            (json!({"team_ids": [theirs]}), vec!["items[0].team_ids[0]"]),
            (json!({"match": {"tool": "x"}}), vec!["items[0]"]),
            (
                json!({"user_ids": [ana], "match": {"path": "src/[a"}}),
                vec!["items[0].match.path"],
            ),
            (
                json!({"user_ids": [ana], "match": {"tool": " ", "tag": long}}),
                vec!["items[0].match.tool", "items[0].match.tag"],
            ),
            (
                json!({"user_ids": [ana], "match": {"colour": "red"}}),
                vec!["items[0].match.colour"],
            ),
            (
                json!({"user_ids": [ana], "match": {"min_severity": "bad"}}),
                vec!["items[0].match.min_severity"],
            ),
            (
                json!({"user_ids": [ana], "surprise": 1}),
                vec!["items[0].surprise"],
            ),
            (json!({"user_ids": vec![ana; 101]}), vec!["items[0].user_ids"]),
        ] {
            let answer = manager.put(&path, json!({"items": [item]})).await;
            assert_eq!(fields(&answer), expected, "{}", world.name);
        }
        let many = vec![json!({"user_ids": [ana]}); 1_001];
        assert_eq!(
            fields(&manager.put(&path, json!({"items": many})).await),
            ["items"]
        );
        for (who, status) in [(Role::Viewer, 403), (Role::Analyst, 403)] {
            let client = world.as_user(world.member(world.ours, who).await).await;
            assert_eq!(client.put(&path, json!({"items": []})).await.status, status);
            let file = json!({"text": ""});
            assert_eq!(
                client.post(&format!("{path}/codeowners"), file).await.status,
                status
            );
        }
        let outside = world.as_user(stranger).await;
        assert_eq!(outside.get(&path).await.status, 404);
        assert_eq!(outside.put(&path, json!({"items": []})).await.status, 404);
        let nowhere = format!("/companies/{}/ownership-rules", world.clock.id());
        let admin = world.as_admin().await;
        assert_eq!(admin.get(&nowhere).await.status, 404);
        assert_eq!(admin.put(&nowhere, json!({"items": []})).await.status, 404);
        assert_eq!(manager.get(&path).await.json(), kept, "{}", world.name);
    }
}

// promise: O1
#[tokio::test]
async fn a_codeowners_file_is_converted_to_rules_that_can_be_saved() {
    for world in World::each().await {
        let manager = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let ana = testing::user(&world.store, "ana@example.org").await;
        testing::member(&world.store, world.ours, ana, Role::Analyst).await;
        let team = testing::team(&world.access, world.ours, "Web Shop", &[]).await;
        let path = path(world.ours);
        let file = "* @ana\n/shop/ @acme/web-shop @gone\n";
        let text = manager
            .raw(
                "POST",
                &format!("{path}/codeowners"),
                Some(("text/plain", file.as_bytes().to_vec())),
            )
            .await;
        let json = manager
            .post(&format!("{path}/codeowners"), json!({"text": file}))
            .await;
        assert_eq!(text.json(), json.json(), "{}", world.name);
        let read = json.json();
        assert_eq!(read["items"][0]["match"], json!({"path": "/shop/"}));
        assert_eq!(read["items"][0]["team_ids"], json!([team]));
        assert_eq!(read["items"][1]["user_ids"], json!([ana]));
        let unmapped = &read["unmapped"][0];
        assert_eq!(
            (&unmapped["line"], &unmapped["text"]),
            (&json!(2), &json!("@gone"))
        );
        assert_eq!(
            manager.get(&path).await.json(),
            json!({"items": []}),
            "nothing is saved"
        );
        let saved = manager.put(&path, json!({"items": read["items"]})).await;
        assert_eq!(saved.json()["items"], read["items"], "{}", saved.text());
        let bad = manager
            .raw(
                "POST",
                &format!("{path}/codeowners"),
                Some(("text/plain", vec![0xff, 0xfe])),
            )
            .await;
        assert_eq!(
            (bad.status.as_u16(), &bad.json()["status"]),
            (422, &Value::from(422))
        );
        for kind in ["application/x-www-form-urlencoded", "text/plainer", ""] {
            let body = Some((kind, b"* @ana".to_vec()));
            let other = manager.raw("POST", &format!("{path}/codeowners"), body).await;
            assert_eq!(other.status, 415, "{kind}: {}", other.text());
        }
    }
}

// promise: O1
#[tokio::test]
async fn owners_are_stored_per_record_and_removed_with_their_membership() {
    for world in World::each().await {
        let (ours, id) = (world.ours, world.clock.id());
        let ana = world.member(ours, Role::Viewer).await;
        let ben = world.member(ours, Role::Viewer).await;
        let team = testing::team(&world.access, ours, "Red", &[]).await;
        let subject = (SubjectType::Project, id);
        let write = world.store.write(move |tx| {
            ownership::set_owners(tx, ours, subject, (&[ana, ben], &[team]))?;
            ownership::set_owners(tx, ours, (SubjectType::Asset, id), (&[ben], &[]))?;
            ownership::set_owners(tx, ours, subject, (&[ana], &[team]))
        });
        write.await.unwrap();
        let of = async |subject| {
            let owners = world
                .store
                .read(move |tx| ownership::owners(tx, &[subject]))
                .await;
            owners.unwrap().remove(&id)
        };
        assert_eq!(of(subject).await, Some((vec![ana], vec![team])));
        assert_eq!(of((SubjectType::Asset, id)).await, Some((vec![ben], vec![])));
        testing::leave(&world.store, ours, ana).await;
        assert_eq!(of(subject).await, Some((vec![], vec![team])), "{}", world.name);
        world
            .store
            .write(move |tx| ownership::clear_owners(tx, subject))
            .await
            .unwrap();
        assert_eq!(of(subject).await, None, "{}", world.name);
    }
}
