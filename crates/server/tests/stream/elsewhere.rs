//! What another process on the same database takes away ends the streams here, at the next look.

use access::{Follower, Secret, testing as people};
use axum::http::StatusCode;
use base::{Clock, Id, Time};
use serde_json::{Value, json};

use super::{House, client::Client, houses, houses_with};

/// Somebody with an open stream here, on a session and on a token of theirs.
struct Person {
    user: Id,
    session: String,
    by_session: Client,
    token_id: String,
    by_token: Client,
}

impl Person {
    async fn at(house: &House, email: &str) -> Self {
        let user = house.member(email).await;
        let session = people::session(&house.access, user).await;
        let (_, made) = house
            .call(&session, "POST", "/tokens", json!({"name": "feed"}))
            .await;
        Self {
            user,
            by_session: house.open(&session).await,
            by_token: house.open(made["token"].as_str().unwrap()).await,
            token_id: made["id"].as_str().unwrap().to_owned(),
            session,
        }
    }
}

/// One way to take access away, and which of the two streams it ends: that of the session, that of the token.
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

    async fn go(self, house: &House, person: &Person, email: &str) {
        let user = format!("/users/{}", person.user);
        let company = format!("/companies/{}", house.company);
        let member = format!("{company}/members/{}", person.user);
        let (by, method, path, body) = match self {
            Self::Membership => (&house.root, "DELETE", member, Value::Null),
            Self::Role => (&house.root, "PUT", member, json!({"role": "manager"})),
            Self::Disabled => (&house.root, "PATCH", user, json!({"disabled": true})),
            Self::Session => (&person.session, "POST", "/auth/logout".to_owned(), Value::Null),
            Self::Token => {
                let path = format!("/tokens/{}", person.token_id);
                (&person.session, "DELETE", path, Value::Null)
            }
            Self::Password => (&house.root, "PATCH", user, json!({"password": "a new password"})),
            Self::Company => (&house.root, "DELETE", company, Value::Null),
            Self::Reset => {
                let password = Secret::new("another password");
                house.access.reset_password(email, &password).await.unwrap();
                return;
            }
        };
        let (status, answer) = house.call(by, method, &path, body).await;
        assert!(status.is_success(), "{self:?}: {status} {answer}");
    }
}

// promise: E8
#[tokio::test]
async fn whatever_another_process_takes_away_ends_the_streams_here() {
    for house in houses().await {
        let there = house.beside().await;
        let mut follower = Follower::new(house.access.clone());
        let mut witness = house.open(&house.root).await;
        for (way, ends) in Way::ALL {
            let email = format!("{way:?}@example.com");
            let mut person = Person::at(&house, &email).await;
            follower.look().await;
            way.go(&there, &person, &email).await;
            assert!(follower.look().await);
            let after = house.change().await;
            for (client, ends) in [&mut person.by_session, &mut person.by_token]
                .into_iter()
                .zip(ends)
            {
                // Where it ends nothing comes any more; else the change does.
                let expected = (!ends).then_some(&after);
                let seen = client.next_id().await;
                assert_eq!(seen.as_ref(), expected, "{}: {way:?}", house.database);
            }
            assert_eq!(witness.next_id().await, Some(after), "{way:?}");
        }
    }
}

// promise: E8
#[tokio::test]
async fn a_change_of_ones_own_is_not_heard_again() {
    for house in houses().await {
        let there = house.beside().await;
        let mut followers = [
            Follower::new(house.access.clone()),
            Follower::new(there.access.clone()),
        ];
        let ana = house.member("ana@example.com").await;
        let session = people::session(&house.access, ana).await;
        let path = format!("/companies/{}/members/{ana}", house.company);
        let role = json!({"role": "manager"});
        let (status, _) = house.call(&house.root, "PUT", &path, role).await;
        assert_eq!(status, StatusCode::OK);
        // Opened right after, it rests on the new role already.
        let mut client = house.open(&session).await;
        for _ in 0..2 {
            for follower in &mut followers {
                assert!(follower.look().await);
            }
            let id = house.change().await;
            assert_eq!(client.next_id().await, Some(id), "{}", house.database);
        }
    }
}

// promise: E8
#[tokio::test]
async fn when_changes_are_out_of_reach_every_stream_ends() {
    let clock = Clock::manual(Time::from_nanos(1_700_000_000_000_000_000));
    for house in houses_with(clock.clone()).await {
        let there = house.beside().await;
        let mut follower = Follower::new(house.access.clone());
        let mut clients = [house.open(&house.root).await, house.open(&house.root).await];
        there.run("alter table access_changes rename to elsewhere").await;
        clock.advance(std::time::Duration::from_secs(59));
        assert!(!follower.look().await);
        let id = house.change().await;
        for client in &mut clients {
            assert_eq!(
                client.next_id().await.as_ref(),
                Some(&id),
                "{}: not yet",
                house.database
            );
        }
        clock.advance(std::time::Duration::from_secs(1));
        assert!(!follower.look().await);
        for client in &mut clients {
            assert_eq!(client.next().await, None, "{}", house.database);
        }
    }
}
