//! The destination of one message, as far as the plan needs to know it: its recipient, its identity, the lane it waits
//! in.
//!
//! Must not: print a URL.

use std::{fmt, sync::Arc};

use access::{Secret, Vault};
use base::Id;
use serde::{Deserialize, Serialize};

use crate::channels::webhook::{Format, Signing};

/// A message's recipient.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A person.
    User(Id),
    /// An external address that a rule names; normalized.
    Address(String),
    /// A team's channel.
    Team(Id),
    /// A URL that a rule names: the id of its row among the rule's recipients.
    Url(Id),
}

impl Recipient {
    /// The name of the kind, in storage and in the API.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Address(_) => "address",
            Self::Team(_) => "team",
            Self::Url(_) => "url",
        }
    }

    /// The id within its kind, as text.
    pub fn reference(&self) -> String {
        match self {
            Self::Address(address) => address.clone(),
            Self::User(id) | Self::Team(id) | Self::Url(id) => id.to_string(),
        }
    }

    /// The recipient that [`kind`](Self::kind) and [`reference`](Self::reference) name.
    pub fn parse(kind: &str, reference: &str) -> Option<Self> {
        let id = || reference.parse().ok();
        match kind {
            "user" => id().map(Self::User),
            "address" => Some(Self::Address(reference.to_owned())),
            "team" => id().map(Self::Team),
            "url" => id().map(Self::Url),
            _ => None,
        }
    }
}

/// The identity of a destination: a keyed hash of the normalized address or the canonical URL, because a URL is a
/// secret and a key is not.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// The key of an email address, in any spelling.
    pub fn of_address(vault: &Vault, address: &str) -> Self {
        Self(vault.digest(&format!("address {}", normalised(address))).into())
    }

    /// The key of a URL in its canonical form.
    pub fn of_url(vault: &Vault, canonical: &str) -> Self {
        Self(vault.digest(&format!("url {canonical}")).into())
    }

    /// The key that was stored as this text.
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A destination without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its identity.
    pub key: Key,
    /// The queue it waits in: one per URL, so that one that hangs blocks no other, not even on its own host (promise
    /// S3).
    pub lane: Arc<str>,
    /// Its label: an address, or a masked URL.
    pub label: Arc<str>,
}

/// The lane of everything that goes through the mail server.
pub const MAIL_LANE: &str = "email";

impl Target {
    /// A mailbox.
    pub fn mailbox(vault: &Vault, address: &str) -> Self {
        Self {
            key: Key::of_address(vault, address),
            lane: MAIL_LANE.into(),
            label: address.into(),
        }
    }
}

/// A URL with what is known of it.
#[derive(Debug, Clone)]
pub struct UrlTarget {
    /// Its label.
    pub target: Target,
    /// The URL itself, in canonical form; none if the secret key cannot decrypt it: messages to it wait.
    pub url: Option<Secret>,
    /// Which secrets sign what is posted there, on a webhook.
    pub signing: Signing,
    /// The payload format, on a webhook.
    pub format: Format,
    /// The name of the payload template, on a chat that has several; else empty.
    pub template: Arc<str>,
}

impl UrlTarget {
    /// A URL in the canonical form in which it is stored. Whether it may be posted to is checked when it is saved and
    /// when it is sent to.
    pub fn new(vault: &Vault, url: Secret) -> Self {
        let key = Key::of_url(vault, url.expose());
        Self {
            target: Target {
                lane: Arc::clone(&key.0),
                key,
                label: access::mask(url.expose()).into(),
            },
            url: Some(url),
            signing: Signing::default(),
            format: Format::default(),
            template: "".into(),
        }
    }

    /// A stored URL that the secret key cannot decrypt: what else is known of it.
    pub(crate) fn sealed(key: &str, label: &str) -> Self {
        let key = Key::stored(key);
        Self {
            target: Target {
                lane: Arc::clone(&key.0),
                key,
                label: label.into(),
            },
            url: None,
            signing: Signing::default(),
            format: Format::default(),
            template: "".into(),
        }
    }

    /// The same with a template.
    #[must_use]
    pub fn with_template(self, template: &str) -> Self {
        Self {
            template: template.into(),
            ..self
        }
    }
}

/// An email address in the form for comparisons (promise R5): trimmed, in lower case.
pub fn normalised(address: &str) -> String {
    address.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: F2
    #[test]
    fn an_address_has_one_key_however_it_is_written() {
        let vault = Vault::new("key", &base::Clock::system());
        let key = Key::of_address(&vault, "ana@example.com");
        for same in ["Ana@Example.com", "  ANA@EXAMPLE.COM\n"] {
            assert_eq!(Key::of_address(&vault, same), key);
        }
        assert_ne!(Key::of_address(&vault, "anna@example.com"), key);
        assert_ne!(Key::of_url(&vault, "ana@example.com"), key);
    }

    #[test]
    fn a_recipient_reads_back() {
        let id = base::Clock::system().id();
        for recipient in [
            Recipient::User(id),
            Recipient::Address("a@b.c".into()),
            Recipient::Team(id),
            Recipient::Url(id),
        ] {
            let read = Recipient::parse(recipient.kind(), &recipient.reference());
            assert_eq!(read, Some(recipient));
        }
        assert_eq!(Recipient::parse("user", "x"), None);
    }
}
