//! What ends with a password reset, a disabled account and signing out everywhere, and what administrators see and revoke.

use access::{AccessChange, Caller, Role, Secret, feed_keys, testing};
use serde_json::{Value, json};

use crate::{changes::announced, world::World};

const PASSWORD: &str = "the password of before";
const NEW: &str = "the password after that";

/// One credential of each kind, of one user.
struct Credentials {
    session: String,
    token: String,
    feed: String,
}

impl Credentials {
    async fn of(world: &World, user: base::Id) -> Self {
        let session = testing::session(&world.access, user).await;
        let caller = world.access.caller(&session).await.unwrap();
        Self {
            token: testing::token(&world.access, user).await,
            feed: feed(world, caller).await.unwrap(),
            session,
        }
    }

    /// Whether each is still valid: session, token, feed.
    async fn live(&self, world: &World) -> [bool; 3] {
        let key = self.feed.clone();
        let feed = world
            .store
            .read(move |tx| feed_keys::open(tx, &key))
            .await
            .unwrap();
        [
            world.bearer(&self.session).get("/me").await.status == 200,
            world.bearer(&self.token).get("/me").await.status == 200,
            feed.is_some(),
        ]
    }
}

async fn feed(world: &World, caller: Caller) -> Result<String, access::Refused> {
    let key = feed_keys::secret(world.store.clock());
    let kept = key.clone();
    let made = world
        .store
        .write(move |tx| feed_keys::make(tx, &caller, &kept, ("feed", "{}")))
        .await;
    made.map(|_| key.expose().to_owned())
}

async fn person(world: &World) -> (base::Id, &'static str) {
    let email = "ada@example.org";
    let body = json!({"email": email, "name": "Ada", "password": PASSWORD});
    let made = world.as_admin().await.post("/users", body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    (made.json()["id"].as_str().unwrap().parse().unwrap(), email)
}

// issue 18, line 4
// promise: U4
#[tokio::test]
async fn a_reset_a_disabled_account_and_an_administrator_end_all_credentials() {
    for world in World::each().await {
        let (ada, email) = person(&world).await;
        let path = format!("/users/{ada}");
        let bystander = Credentials::of(&world, world.member(world.ours, Role::Viewer).await).await;
        for way in ["reset", "disabled", "command line", "signed out"] {
            let what = format!("{}: {way}", world.name);
            let credentials = Credentials::of(&world, ada).await;
            assert_eq!(credentials.live(&world).await, [true; 3], "{what}");
            let of = async |credential: &str| world.access.caller(credential).await.unwrap().session;
            let (session, token) = (of(&credentials.session).await, of(&credentials.token).await);
            let mut changes = world.access.changes();
            let admin = world.as_admin().await;
            match way {
                "reset" => {
                    let reset = admin.patch(&path, json!({"password": NEW})).await;
                    assert_eq!(reset.status, 200, "{what}");
                }
                "disabled" => {
                    let disabled = admin.patch(&path, json!({"disabled": true})).await;
                    assert_eq!(disabled.status, 200, "{what}");
                }
                "command line" => {
                    let password = Secret::new(PASSWORD);
                    world.access.reset_password(email, &password).await.unwrap();
                }
                _ => assert_eq!(admin.delete(&format!("{path}/credentials")).await.status, 204),
            }
            let announced = announced(&mut changes);
            for ended in [session, token] {
                assert!(
                    announced.contains(&AccessChange::Session(ended)),
                    "{what}: its streams end"
                );
            }
            assert_eq!(credentials.live(&world).await, [false; 3], "{what}");
            admin.patch(&path, json!({"disabled": false})).await;
            assert_eq!(
                credentials.live(&world).await,
                [false; 3],
                "{what}: enabled again"
            );
            // After signing in again, new ones can be created.
            assert_eq!(
                Credentials::of(&world, ada).await.live(&world).await,
                [true; 3],
                "{what}"
            );
        }
        assert_eq!(bystander.live(&world).await, [true; 3], "{}", world.name);
    }
}

// issue 18, line 4
// promise: U4
#[tokio::test]
async fn a_password_change_ends_tokens_and_feeds_on_request() {
    for world in World::each().await {
        let (ada, email) = person(&world).await;
        let login = json!({"email": email, "password": PASSWORD});
        let here = world.anonymous().post("/auth/login", login).await.json();
        let here = world.bearer(here["token"].as_str().unwrap());
        let credentials = Credentials::of(&world, ada).await;
        let mut body = json!({"current_password": PASSWORD, "new_password": NEW});
        assert_eq!(here.post("/me/password", body.clone()).await.status, 204);
        assert_eq!(
            credentials.live(&world).await,
            [false, true, true],
            "{}",
            world.name
        );
        body = json!({"current_password": NEW, "new_password": PASSWORD, "end_tokens": true});
        assert_eq!(here.post("/me/password", body).await.status, 204);
        assert_eq!(credentials.live(&world).await, [false; 3], "{}", world.name);
        assert_eq!(here.get("/me").await.status, 200, "{}", world.name);
    }
}

// issue 18, line 4
// promise: U4
#[tokio::test]
async fn signing_out_everywhere_else_ends_tokens_and_feeds_on_request() {
    for world in World::each().await {
        let (ada, _) = person(&world).await;
        let (here, credentials) = (world.as_user(ada).await, Credentials::of(&world, ada).await);
        let end = async |query: &str| {
            let path = format!("/sessions/end-others{query}");
            here.send("POST", &path, None).await.status.as_u16()
        };
        assert_eq!(end("?end_tokens=perhaps").await, 422);
        assert_eq!(end("").await, 204);
        assert_eq!(
            credentials.live(&world).await,
            [false, true, true],
            "{}",
            world.name
        );
        assert_eq!(end("?end_tokens=true").await, 204);
        assert_eq!(credentials.live(&world).await, [false; 3], "{}", world.name);
        assert_eq!(here.get("/me").await.status, 200, "{}", world.name);
        let audit = world
            .as_admin()
            .await
            .get("/audit?action=session.ended")
            .await
            .json();
        assert_eq!(
            audit["items"][0]["after"],
            json!({"other_credentials": 2}),
            "{audit}"
        );
    }
}

// issue 18, line 4
// promise: U2
#[tokio::test]
async fn only_administrators_list_and_end_others_credentials() {
    for world in World::each().await {
        let (ada, _) = person(&world).await;
        testing::member(&world.store, world.ours, ada, Role::Viewer).await;
        let credentials = Credentials::of(&world, ada).await;
        let path = format!("/users/{ada}/credentials");
        let admin = world.as_admin().await;
        let page = admin.get(&path).await;
        let kinds: Vec<_> = page.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["kind"].clone())
            .collect();
        assert_eq!(kinds, ["feed", "token", "session"], "{}", page.text());
        for secret in [&credentials.session, &credentials.token, &credentials.feed] {
            assert!(!page.text().contains(&secret[4..]), "{}", page.text());
        }
        let first = admin.get(&format!("{path}?limit=2")).await.json();
        let next = first["next_cursor"].as_str().unwrap();
        let rest = admin.get(&format!("{path}?limit=2&cursor={next}")).await;
        assert_eq!(rest.ids(), page.ids()[2..], "{}", world.name);

        let manager = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let stranger = world
            .as_user(world.member(world.theirs, Role::Manager).await)
            .await;
        let token = world.bearer(&testing::token(&world.access, world.admin).await);
        let one = format!("{path}/{}", page.ids()[0]);
        for (who, status) in [(&manager, 403), (&stranger, 404), (&token, 403)] {
            assert_eq!(who.get(&path).await.status, status, "{}", world.name);
            assert_eq!(who.delete(&one).await.status, status, "{}", world.name);
            assert_eq!(who.delete(&path).await.status, status, "{}", world.name);
        }
        assert_eq!(credentials.live(&world).await, [true; 3], "{}", world.name);
        let elsewhere = format!("/users/{}/credentials/{}", world.admin, page.ids()[0]);
        assert_eq!(admin.delete(&elsewhere).await.status, 404, "another user's");

        let ids = page.ids();
        let expected = [
            (2, [false, true, true], "session.ended"),
            (1, [false, false, true], "token.deleted"),
            (0, [false; 3], "feed.deleted"),
        ];
        for (number, live, action) in expected {
            let one = format!("{path}/{}", ids[number]);
            assert_eq!(admin.delete(&one).await.status, 204, "{}", world.name);
            assert_eq!(credentials.live(&world).await, live, "{}: {action}", world.name);
            assert_eq!(admin.delete(&one).await.status, 404, "{}", world.name);
            let audit = admin.get("/audit?limit=1").await.json();
            assert_eq!(audit["items"][0]["action"], action, "{}", world.name);
        }
        assert_eq!(admin.get(&path).await.json()["items"], json!([]));
        assert_eq!(
            admin
                .get(&format!("/users/{}/credentials", world.ours))
                .await
                .status,
            404
        );
    }
}

// issue 18, line 4
// promise: U4
#[tokio::test]
async fn a_session_that_has_just_ended_creates_no_credential() {
    for world in World::each().await {
        let (ada, _) = person(&world).await;
        let session = testing::session(&world.access, ada).await;
        // As in a handler that is still running while the session ends.
        let caller = world.access.caller(&session).await.unwrap();
        let path = format!("/users/{ada}/credentials");
        assert_eq!(world.as_admin().await.delete(&path).await.status, 204);
        let refused = feed(&world, caller).await.unwrap_err();
        assert_eq!(refused, access::Refused::SignedOut, "{}", world.name);
        assert_eq!(world.as_admin().await.get(&path).await.json()["items"], json!([]));
    }
}

// issue 18, line 4
#[tokio::test]
async fn the_limit_of_tokens_holds_for_concurrent_creation() {
    for world in World::each().await {
        let (ada, _) = person(&world).await;
        let client = world.as_user(ada).await;
        for n in 0..90 {
            let made = client.post("/tokens", json!({"name": n.to_string()})).await;
            assert_eq!(made.status, 201, "{}", made.text());
        }
        let body = |n: usize| json!({"name": format!("race {n}")});
        let one = async |n| client.post("/tokens", body(n)).await.status.as_u16();
        let race = [
            tokio::join!(one(0), one(1), one(2), one(3), one(4), one(5)),
            tokio::join!(one(6), one(7), one(8), one(9), one(10), one(11)),
            tokio::join!(one(12), one(13), one(14), one(15), one(16), one(17)),
        ];
        let refused = format!("{race:?}").matches("409").count();
        let page = client.get("/tokens?limit=200").await;
        assert_eq!((page.ids().len(), refused), (100, 8), "{}", world.name);
    }
}

// issue 18, line 4
#[tokio::test]
async fn responses_to_a_known_caller_are_not_cached() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for path in ["/me", "/users", "/tokens", "/sessions", "/audit", "/companies"] {
            let answer = admin.get(path).await;
            let header = answer.headers.get("cache-control").cloned();
            assert_eq!(header, Some("no-store".parse().unwrap()), "{path}");
            assert_ne!(answer.json(), Value::Null);
        }
        let renamed = admin.patch("/me", json!({"name": "Adam"})).await;
        assert_eq!(renamed.headers["cache-control"], "no-store");
    }
}
