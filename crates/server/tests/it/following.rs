//! Following a finding or a project over HTTP: who may follow, and what followers are notified of.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Database, PASSWORD, Server, World, databases, eventually};

/// Follows or unfollows the record; returns the response status.
async fn follow(client: &Client, on: bool, record: &str) -> u16 {
    let method = if on { Method::POST } else { Method::DELETE };
    let request = client.request(method, &format!("{record}/follow"));
    client.send(request).await.status.as_u16()
}

/// A finding assigned to Ana in a project, a viewer without either, and a rule that notifies followers of changes.
struct Scene {
    server: Server,
    world: World,
    admin: Client,
    ana: Client,
    mara: Client,
    fred: Client,
    /// The path of Fred's membership.
    member: String,
    finding: String,
    project: String,
}

impl Scene {
    async fn set(database: &Database) -> Self {
        let server = Server::start(database, &[]).await;
        let admin = server.admin().await;
        let world = World::create(&admin, server.address()).await;
        let fred = json!({"email": "fred@campanile.test", "name": "fred", "password": PASSWORD});
        let fred = admin.post("/users", fred).await.id();
        let rule = json!({
            "event_type": "finding.updated", "channel": "in_app", "recipients": {"followers": true},
        });
        admin.post("/notification-rules", rule).await.id();
        let (ana, mara) = (world.sign_in("ana").await, world.sign_in("mara").await);
        let finding = world.finding(&mara, "low").await;
        let finding = format!("/findings/{finding}");
        let assignees = json!({"user_ids": [world.analyst], "team_ids": []});
        mara.post(&format!("{finding}/assignees"), assignees)
            .await
            .expect(200);
        let scene = Self {
            member: format!("/companies/{}/members/{fred}", world.company),
            project: format!("/projects/{}", world.project),
            fred: world.sign_in("fred").await,
            server,
            world,
            admin,
            ana,
            mara,
            finding,
        };
        scene.member(Method::PUT).await;
        scene
    }

    /// Adds or removes Fred as a member.
    async fn member(&self, method: Method) {
        let body = json!({"role": "viewer"});
        let answer = self.admin.call(method, &self.member, body).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }

    /// Mara changes the finding for the nth time; returns how many rows about it Fred then has. Ana gets hers in the same
    /// transaction.
    async fn change(&self, time: usize) -> usize {
        let body = json!({"description": format!("Version {time}")});
        self.mara
            .call(Method::PATCH, &self.finding, body)
            .await
            .expect(200);
        eventually("the row of the assignee", || async {
            (rows(&self.ana).await.len() == time).then_some(())
        })
        .await;
        rows(&self.fred).await.len()
    }
}

/// A user's rows about changed findings.
async fn rows(client: &Client) -> Vec<Value> {
    let page = client
        .get("/notifications?event_type=finding.updated")
        .await
        .expect(200);
    page["items"].as_array().unwrap().clone()
}

// promise: O4, I4
#[tokio::test(flavor = "multi_thread")]
async fn users_cannot_follow_records_they_cannot_see() {
    for database in databases().await {
        let scene = Scene::set(&database).await;
        let otto = scene.world.sign_in("otto").await;
        let nobody = Client::new(scene.server.address());
        let unknown = format!("/findings/{}", scene.world.project);
        let swapped = format!("/projects{}", scene.finding.trim_start_matches("/findings"));
        for on in [true, false] {
            for record in [&scene.finding, &scene.project] {
                assert_eq!(
                    follow(&otto, on, record).await,
                    404,
                    "{}: {record}",
                    database.name
                );
                assert_eq!(
                    follow(&nobody, on, record).await,
                    401,
                    "{}: {record}",
                    database.name
                );
            }
            for record in [&unknown, &swapped] {
                assert_eq!(
                    follow(&scene.fred, on, record).await,
                    404,
                    "{}: {record}",
                    database.name
                );
            }
            assert_eq!(
                follow(&scene.fred, on, "/findings/x").await,
                404,
                "{}",
                database.name
            );
        }
        scene.change(1).await;
        assert!(rows(&otto).await.is_empty(), "{}", database.name);
        scene.server.stop().await;
    }
}

// promise: O4, F2
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_notified_once_until_they_unfollow() {
    for database in databases().await {
        let scene = Scene::set(&database).await;
        let fred = &scene.fred;
        assert_eq!(scene.change(1).await, 0, "{}", database.name);
        for record in [&scene.finding, &scene.finding, &scene.project, &scene.project] {
            assert_eq!(follow(fred, true, record).await, 204, "{}", database.name);
        }
        assert_eq!(scene.change(2).await, 1, "{}: once for both", database.name);
        for _ in 0..2 {
            assert_eq!(
                follow(fred, false, &scene.finding).await,
                204,
                "{}",
                database.name
            );
        }
        assert_eq!(scene.change(3).await, 2, "{}: by the project", database.name);
        assert_eq!(follow(fred, false, &scene.project).await, 204);
        assert_eq!(scene.change(4).await, 2, "{}: no longer", database.name);
        assert_eq!(follow(fred, true, &scene.finding).await, 204);
        assert_eq!(scene.change(5).await, 3, "{}: by the finding", database.name);
        scene.server.stop().await;
    }
}

// promise: F6, O4
#[tokio::test(flavor = "multi_thread")]
async fn a_follower_who_loses_access_is_no_longer_notified() {
    for database in databases().await {
        let scene = Scene::set(&database).await;
        for record in [&scene.finding, &scene.project] {
            assert_eq!(follow(&scene.fred, true, record).await, 204, "{}", database.name);
        }
        assert_eq!(scene.change(1).await, 1, "{}", database.name);
        scene.member(Method::DELETE).await;
        assert_eq!(scene.change(2).await, 1, "{}: no access", database.name);
        for record in [&scene.finding, &scene.project] {
            assert_eq!(follow(&scene.fred, true, record).await, 404, "{}", database.name);
        }
        scene.server.stop().await;
    }
}
