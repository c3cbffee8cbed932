//! The ids and URLs for the numbers of a random world.

use std::sync::LazyLock;

use access::{Secret, Vault};
use base::{Clock, Id};

use super::facts::URLS;
use crate::target::{Key, UrlTarget};

/// The id for a number, the same in every test run.
pub(crate) fn id(what: u8, number: usize) -> Id {
    let number = u8::try_from(number).unwrap();
    Id::from_parts(1_790_000_000_000, [what, number, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// The one vault of these worlds: creating one is slow enough to notice.
pub(crate) fn vault() -> Vault {
    static VAULT: LazyLock<Vault> = LazyLock::new(|| Vault::new("key", &Clock::system()));
    VAULT.clone()
}

pub(crate) fn url(number: usize) -> UrlTarget {
    UrlTarget::new(
        &vault(),
        Secret::new(format!("https://hooks.slack.com/services/T/B/{number}")),
    )
}

/// The URL of a key.
pub(crate) fn url_at(key: &Key) -> usize {
    (0..URLS)
        .find(|number| url(*number).target.key == *key)
        .unwrap_or(usize::MAX)
}
