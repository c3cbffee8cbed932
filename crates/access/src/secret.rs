//! Secrets at rest: sealed with the server's key, bound to the record they belong to.
//!
//! Owns: [`Vault`] (XChaCha20-Poly1305), its [`Keys`], [`Secret`], and how a URL is masked ([`mask`]).
//! Must not: print a secret, or open one that was sealed for another record.

use std::{
    fmt,
    fmt::Write as _,
    sync::{Arc, PoisonError, RwLock},
};

use base::Clock;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The prefix of sealed texts, so that the format can change later.
const VERSION: &str = "v1.";

/// Separates this use of the server's key from any other.
const PURPOSE: &[u8] = b"campanile vault v1\0";

/// The same for [`Vault::digest`].
const DIGESTS: &[u8] = b"campanile digests v1\0";

const NONCE: usize = 24;

/// A text that must not be shown. It can be deserialized, but not serialized.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: only where it is needed, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl utoipa::ToSchema for Secret {}
impl utoipa::PartialSchema for Secret {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .write_only(true)
            .into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The bytes of one key.
pub type Key = [u8; 32];

/// The keys of a vault. During a key rotation there are two: the new one and the previous one.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The first one seals, all of them open. Without one, nothing is sealed or opened.
    pub sealing: Vec<Key>,
    /// The key of digests; it stays when the others change, because digests are compared with stored ones.
    pub digests: Key,
}

impl Keys {
    /// The keys derived from one `secret`, a high-entropy text (the setting `secret_key`).
    pub fn of(secret: &str) -> Self {
        let sealing = Sha256::new()
            .chain_update(PURPOSE)
            .chain_update(secret.as_bytes())
            .finalize();
        Self {
            sealing: vec![sealing.into()],
            digests: Sha256::digest(secret.as_bytes()).into(),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// Seals and opens secrets. Clones share the keys.
#[derive(Clone)]
pub struct Vault {
    ciphers: Arc<RwLock<Vec<XChaCha20Poly1305>>>,
    digests: Arc<Sha256>,
    clock: Clock,
}

/// A sealed text cannot be opened: it has another key or record, or it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be decrypted with the current key")]
pub struct NotOpened;

impl Vault {
    /// The vault whose keys are derived from `secret` alone.
    pub fn new(secret: &str, clock: &Clock) -> Self {
        Self::with(&Keys::of(secret), clock)
    }

    /// The vault with these keys.
    pub fn with(keys: &Keys, clock: &Clock) -> Self {
        Self {
            ciphers: Arc::new(RwLock::new(ciphers(&keys.sealing))),
            digests: Arc::new(Sha256::new().chain_update(DIGESTS).chain_update(keys.digests)),
            clock: clock.clone(),
        }
    }

    /// Seals and opens with these keys from now on, in every clone.
    pub fn renew(&self, sealing: &[Key]) {
        *self.ciphers.write().unwrap_or_else(PoisonError::into_inner) = ciphers(sealing);
    }

    /// Seals the text for the record that `aad` names. Sealing a text twice gives different results.
    ///
    /// # Panics
    /// If the text exceeds the cipher's limit of 256 GiB, or there is no key.
    #[expect(
        clippy::expect_used,
        reason = "there is a key, and the cipher refuses only what exceeds memory"
    )]
    pub fn seal(&self, aad: &str, plain: &str) -> String {
        let nonce: [u8; NONCE] = self.clock.random();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: aad.as_bytes(),
        };
        let ciphers = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        let sealed = ciphers
            .first()
            .expect("a vault has a key")
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a text of this size is sealed");
        format!(
            "{VERSION}{}",
            URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
        )
    }

    /// A keyed digest of a text, which reveals nothing about it without the key: for unique indexes over secrets.
    /// Hexadecimal.
    pub fn digest(&self, text: &str) -> String {
        let digest = Sha256::clone(&self.digests)
            .chain_update(text.as_bytes())
            .finalize();
        digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Opens a text sealed for the same record.
    pub fn open(&self, aad: &str, sealed: &str) -> Result<Secret, NotOpened> {
        let ciphers = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        ciphers
            .iter()
            .find_map(|cipher| open(cipher, aad, sealed))
            .ok_or(NotOpened)
    }

    /// Whether it opens with the current key, and not only with a previous one.
    pub fn is_current(&self, aad: &str, sealed: &str) -> bool {
        let ciphers = self.ciphers.read().unwrap_or_else(PoisonError::into_inner);
        let first = ciphers.first();
        first.is_some_and(|cipher| open(cipher, aad, sealed).is_some())
    }
}

fn ciphers(keys: &[Key]) -> Vec<XChaCha20Poly1305> {
    keys.iter()
        .map(|key| XChaCha20Poly1305::new(&(*key).into()))
        .collect()
}

fn open(cipher: &XChaCha20Poly1305, aad: &str, sealed: &str) -> Option<Secret> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(VERSION)?).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg: sealed,
        aad: aad.as_bytes(),
    };
    let plain = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(plain).map(Secret).ok()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

/// The part of a secret URL that may be shown: its host and last four characters.
pub fn mask(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A short path is a short secret: four characters would be most of it.
    let tail: String = if path.chars().count() >= 12 {
        path.chars().skip(path.chars().count() - 4).collect()
    } else {
        String::new()
    };
    format!("{scheme}://{host}/…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(key: &str) -> Vault {
        Vault::new(key, &Clock::system())
    }

    #[test]
    fn opens_only_with_the_same_key_for_the_same_record() {
        let ours = vault("key one");
        let sealed = ours.seal("team 1", "https://hooks.slack.com/services/T/B/x");
        assert_eq!(
            ours.open("team 1", &sealed).unwrap().expose(),
            "https://hooks.slack.com/services/T/B/x"
        );
        assert_ne!(
            ours.seal("team 1", "x"),
            ours.seal("team 1", "x"),
            "a fresh nonce each time"
        );
        assert_eq!(ours.open("team 2", &sealed), Err(NotOpened), "another record");
        assert_eq!(
            vault("key two").open("team 1", &sealed),
            Err(NotOpened),
            "another key"
        );
        for at in [0, 3, 20, sealed.len() - 1] {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(ours.open("team 1", &changed), Err(NotOpened), "changed at {at}");
        }
        for bad in ["", "v1.", "v1.AAAA", "v2.x", "plain"] {
            assert_eq!(ours.open("team 1", bad), Err(NotOpened));
        }
    }

    // promise: L3
    #[test]
    fn during_a_rotation_two_keys_open_and_the_first_seals() {
        let (old, new) = (Keys::of("key one"), Keys::of("key two"));
        let ours = Vault::with(&old, &Clock::system());
        let before = ours.seal("team 1", "x");
        let (shared, digest) = (ours.clone(), ours.digest("a"));
        ours.renew(&[new.sealing[0], old.sealing[0]]);
        let after = shared.seal("team 1", "x");
        assert_eq!(shared.open("team 1", &before).unwrap().expose(), "x");
        assert_eq!(shared.open("team 1", &after).unwrap().expose(), "x");
        assert!(ours.is_current("team 1", &after) && !ours.is_current("team 1", &before));
        assert!(
            vault("key one").open("team 1", &after).is_err(),
            "the new key sealed it"
        );
        ours.renew(&new.sealing);
        assert!(shared.open("team 1", &before).is_err(), "the old key is gone");
        assert_eq!(shared.digest("a"), digest, "digests stay");
    }

    #[test]
    fn a_digest_depends_on_text_and_key() {
        let ours = vault("key one");
        assert_eq!(ours.digest("a"), vault("key one").digest("a"));
        assert_ne!(ours.digest("a"), ours.digest("b"));
        assert_ne!(ours.digest("a"), vault("key two").digest("a"));
        assert_eq!(ours.digest("a").len(), 64);
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let secret = Secret::new("hunter2");
        assert_eq!(
            format!("{secret:?} {:?} {:?}", vault("k"), Keys::of("k")),
            "*** Vault(***) Keys(***)"
        );
        let url = "https://hooks.slack.com/services/T000/B000/xxxxxxxxabcd";
        assert_eq!(mask(url), "https://hooks.slack.com/…abcd");
        assert_eq!(mask("https://example.org/short"), "https://example.org/…");
        assert_eq!(mask("no url"), "…");
    }
}
