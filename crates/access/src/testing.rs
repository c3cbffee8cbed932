//! Users and companies for the tests of other crates, without the cost of passwords.
//!
//! Each function panics if the store fails: the test cannot continue.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test without its data has failed"
)]

use base::{Id, Scope};
use store::Store;

use crate::{
    Access, Caller, Options, Refused, Role, Secret, companies,
    credentials::{self, Kind},
    ownership,
    sessions::Origin,
    teams, users,
};

/// The key of [`access`].
pub const KEY: &str = "a secret key for tests";

/// Access over these tables, with [`KEY`].
pub fn access(store: &Store) -> Access {
    Access::new(store.clone(), Options::new(Secret::new(KEY)))
}

/// A company.
pub async fn company(store: &Store, name: &str) -> Id {
    let name = name.to_owned();
    let made = store.write(move |tx| companies::insert(tx, name)).await;
    made.expect("a company").id
}

/// Sets whether messages about the company hide details.
pub async fn minimal_messages(store: &Store, company: Id, on: bool) {
    let change = companies::Change {
        minimal_messages: Some(on),
        ..companies::Change::default()
    };
    let done = store
        .write(move |tx| companies::update(tx, company, &Scope::All, change))
        .await;
    done.expect("a company to change");
}

/// A user who is not a member of any company. Their name is the part before the `@`.
pub async fn user(store: &Store, email: &str) -> Id {
    person(store, email, false).await
}

/// A platform administrator.
pub async fn admin(store: &Store, email: &str) -> Id {
    person(store, email, true).await
}

async fn person(store: &Store, email: &str, is_admin: bool) -> Id {
    let name = email.split('@').next().unwrap_or_default().to_owned();
    let new = users::NewRow {
        email: email.to_owned(),
        name,
        password_hash: String::new(),
        is_admin,
    };
    let made = store.write(move |tx| users::insert(tx, &new)).await;
    made.expect("a user").id
}

/// Adds a user as a member, or changes their role.
pub async fn member(store: &Store, company: Id, user: Id, role: Role) {
    let made = store
        .write(move |tx| companies::set_member(tx, company, user, role))
        .await;
    made.expect("a membership");
}

/// Ends a membership.
pub async fn leave(store: &Store, company: Id, user: Id) {
    let left = store
        .write(move |tx| companies::remove_member(tx, company, user))
        .await;
    left.expect("a membership to end");
}

/// Disables a user.
pub async fn disable(store: &Store, user: Id) {
    let change = users::Change {
        disabled: Some(true),
        ..users::Change::default()
    };
    let done = store.write(move |tx| users::update(tx, user, change)).await;
    done.expect("a user to disable");
}

/// A team with its members (of the company).
pub async fn team(access: &Access, company: Id, name: &str, members: &[Id]) -> Id {
    let (name, members) = (name.to_owned(), members.to_vec());
    let made = access
        .store()
        .write(move |tx| {
            let id = tx.id();
            teams::insert(tx, id, company, &name)?;
            teams::set_members(tx, id, company, &members)?;
            Ok::<_, Refused>(id)
        })
        .await;
    made.expect("a team")
}

/// An API token of a user: the text for `Authorization: Bearer`.
pub async fn token(access: &Access, user: Id) -> String {
    credential(access, user, Kind::Token).await
}

/// A session of a user: the text of the cookie, or for `Authorization: Bearer`.
pub async fn session(access: &Access, user: Id) -> String {
    credential(access, user, Kind::Session).await
}

async fn credential(access: &Access, user: Id, kind: Kind) -> String {
    let text = kind.create(access.clock());
    let lifetime = access.options().session_lifetime;
    let new = credentials::NewRow {
        user,
        kind,
        hash: credentials::hash(text.expose()).expect("a credential"),
        name: "test".to_owned(),
        expires_at: (kind == Kind::Session).then(|| access.clock().now().after(lifetime)),
        from: Origin::default(),
    };
    let made = access
        .store()
        .write(move |tx| credentials::insert(tx, &new))
        .await;
    made.expect("a credential");
    text.expose().to_owned()
}

/// The user as the caller of a handler.
pub async fn caller(access: &Access, user: Id) -> Caller {
    let token = token(access, user).await;
    access.caller(&token).await.expect("a caller")
}

/// Sets the ownership rules of a company: what each matches, and its users and teams.
pub async fn ownership_rules(store: &Store, company: Id, rules: Vec<(ownership::Match, Vec<Id>, Vec<Id>)>) {
    let rules: Vec<_> = rules
        .into_iter()
        .map(|(of, user_ids, team_ids)| ownership::Written {
            of,
            user_ids,
            team_ids,
        })
        .collect();
    let done = store
        .write(move |tx| ownership::replace(tx, company, &rules))
        .await;
    done.expect("ownership rules");
}
