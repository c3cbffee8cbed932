//! A user of a test.

use access::{Access, Role, testing};
use base::{Clock, Id};

/// A user with an API token.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: Id,
    /// The text of the token.
    pub token: String,
}

impl Person {
    /// An unknown user, with a token that never existed.
    pub fn nobody() -> Self {
        Self {
            id: Clock::system().id(),
            token: "cmp_unknown".to_owned(),
        }
    }

    /// This user, with a new token.
    pub async fn of(access: &Access, id: Id) -> Self {
        let token = testing::token(access, id).await;
        Self { id, token }
    }

    /// A new user `name@example.org`, with this role in each of the companies.
    pub async fn create(access: &Access, name: &str, companies: &[Id], role: Role) -> Self {
        let id = testing::user(access.store(), &format!("{name}@example.org")).await;
        for company in companies {
            testing::member(access.store(), *company, id, role).await;
        }
        Self::of(access, id).await
    }
}
