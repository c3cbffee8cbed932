//! Access revoked by another process on the same database ends the streams here, at the next poll.

use access::{Follower, Secret, testing as people};
use axum::http::StatusCode;
use base::{Clock, Id, Time};
use serde_json::{Value, json};

use super::{Fixture, client::Client, fixtures, fixtures_with};

/// A user with two open streams here, one by session and one by token.
struct User {
    id: Id,
    session: String,
    by_session: Client,
    token_id: String,
    by_token: Client,
}

impl User {
    async fn at(fixture: &Fixture, email: &str) -> Self {
        let user = fixture.member(email).await;
        let session = people::session(&fixture.access, user).await;
        let (_, made) = fixture
            .call(&session, "POST", "/tokens", json!({"name": "feed"}))
            .await;
        Self {
            id: user,
            by_session: fixture.open(&session).await,
            by_token: fixture.open(made["token"].as_str().unwrap()).await,
            token_id: made["id"].as_str().unwrap().to_owned(),
            session,
        }
    }
}

/// One way to revoke access, and which of the two streams it ends: the session's, the token's.
#[derive(Clone, Copy, Debug)]
enum Way {
    Membership,
    Role,
    Disabled,
    Session,
    Token,
    Password,
    Reset,
    Company,
}

impl Way {
    const ALL: [(Self, [bool; 2]); 8] = [
        (Self::Membership, [true, true]),
        (Self::Role, [true, true]),
        (Self::Disabled, [true, true]),
        (Self::Session, [true, false]),
        (Self::Token, [false, true]),
        (Self::Password, [true, true]),
        (Self::Reset, [true, true]),
        (Self::Company, [true, true]),
    ];

    async fn go(self, fixture: &Fixture, owner: &User, email: &str) {
        let user = format!("/users/{}", owner.id);
        let company = format!("/companies/{}", fixture.company);
        let member = format!("{company}/members/{}", owner.id);
        let (by, method, path, body) = match self {
            Self::Membership => (&fixture.root, "DELETE", member, Value::Null),
            Self::Role => (&fixture.root, "PUT", member, json!({"role": "manager"})),
            Self::Disabled => (&fixture.root, "PATCH", user, json!({"disabled": true})),
            Self::Session => (&owner.session, "POST", "/auth/logout".to_owned(), Value::Null),
            Self::Token => {
                let path = format!("/tokens/{}", owner.token_id);
                (&owner.session, "DELETE", path, Value::Null)
            }
            Self::Password => (
                &fixture.root,
                "PATCH",
                user,
                json!({"password": "a new password"}),
            ),
            Self::Company => (&fixture.root, "DELETE", company, Value::Null),
            Self::Reset => {
                let password = Secret::new("another password");
                fixture.access.reset_password(email, &password).await.unwrap();
                return;
            }
        };
        let (status, answer) = fixture.call(by, method, &path, body).await;
        assert!(status.is_success(), "{self:?}: {status} {answer}");
    }
}

// promise: E8
#[tokio::test]
async fn access_revoked_by_another_process_ends_the_streams_here() {
    for fixture in fixtures().await {
        let there = fixture.second_server().await;
        let mut follower = Follower::new(fixture.access.clone());
        let mut witness = fixture.open(&fixture.root).await;
        for (way, ends) in Way::ALL {
            let email = format!("{way:?}@example.com");
            let mut user = User::at(&fixture, &email).await;
            follower.poll().await;
            way.go(&there, &user, &email).await;
            assert!(follower.poll().await);
            let after = fixture.change().await;
            for (client, ends) in [&mut user.by_session, &mut user.by_token].into_iter().zip(ends) {
                // An ended stream receives nothing more; the other receives the change.
                let expected = (!ends).then_some(&after);
                let seen = client.next_id().await;
                assert_eq!(seen.as_ref(), expected, "{}: {way:?}", fixture.database);
            }
            assert_eq!(witness.next_id().await, Some(after), "{way:?}");
        }
    }
}

// promise: E8
#[tokio::test]
async fn an_own_change_is_not_received_again() {
    for fixture in fixtures().await {
        let there = fixture.second_server().await;
        let mut followers = [
            Follower::new(fixture.access.clone()),
            Follower::new(there.access.clone()),
        ];
        let ana = fixture.member("ana@example.com").await;
        let session = people::session(&fixture.access, ana).await;
        let path = format!("/companies/{}/members/{ana}", fixture.company);
        let role = json!({"role": "manager"});
        let (status, _) = fixture.call(&fixture.root, "PUT", &path, role).await;
        assert_eq!(status, StatusCode::OK);
        // Opened right after, it already uses the new role.
        let mut client = fixture.open(&session).await;
        for _ in 0..2 {
            for follower in &mut followers {
                assert!(follower.poll().await);
            }
            let id = fixture.change().await;
            assert_eq!(client.next_id().await, Some(id), "{}", fixture.database);
        }
    }
}

// promise: E8
#[tokio::test]
async fn when_changes_cannot_be_read_every_stream_ends() {
    let clock = Clock::manual(Time::from_nanos(1_700_000_000_000_000_000));
    for fixture in fixtures_with(clock.clone()).await {
        let there = fixture.second_server().await;
        let mut follower = Follower::new(fixture.access.clone());
        let mut clients = [
            fixture.open(&fixture.root).await,
            fixture.open(&fixture.root).await,
        ];
        there.run("alter table access_changes rename to elsewhere").await;
        clock.advance(std::time::Duration::from_secs(59));
        assert!(!follower.poll().await);
        let id = fixture.change().await;
        for client in &mut clients {
            assert_eq!(
                client.next_id().await.as_ref(),
                Some(&id),
                "{}: not yet",
                fixture.database
            );
        }
        clock.advance(std::time::Duration::from_secs(1));
        assert!(!follower.poll().await);
        for client in &mut clients {
            assert_eq!(client.next().await, None, "{}", fixture.database);
        }
    }
}
