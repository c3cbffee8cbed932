//! The keys that sign posts, one for each webhook URL, and which of them are valid.
//!
//! Must not: store one. They are derived from the installation's key.

use std::time::Duration;

use base::Time;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The prefix for deriving the first key, so that no other use of the master key derives the same.
const DERIVATION: &[u8] = b"campanile webhook signing v1\0";

/// The same for later keys.
const LATER_DERIVATION: &[u8] = b"campanile webhook signing v2\0";

/// How long the previous secret stays valid after a rotation, so that a receiver has time to learn the new one.
pub const OVERLAP: Duration = Duration::from_hours(24);

/// Which secrets of a destination are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    /// The number of the current one, from 1.
    pub version: u32,
    /// When it was created; unknown for the first one.
    pub rotated_at: Time,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            version: 1,
            rotated_at: Time::default(),
        }
    }
}

impl Signing {
    /// Until when the previous secret is valid; none if it no longer is.
    pub fn until(self, now: Time) -> Option<Time> {
        let until = self.rotated_at.after(OVERLAP);
        (self.version > 1 && now < until).then_some(until)
    }

    /// The keys that sign now: the current one, then the previous one while it is valid.
    pub(super) fn keys(self, master: &[u8], url: &str, now: Time) -> Vec<SigningKey> {
        let before = self.until(now).map(|_| self.version - 1);
        [Some(self.version), before]
            .into_iter()
            .flatten()
            .map(|version| SigningKey::derive(master, url, version))
            .collect()
    }
}

/// The secrets `whsec_…` of a destination.
#[derive(Clone)]
pub struct Secrets {
    /// The current one.
    pub current: String,
    /// The previous one, while it is valid, and until when.
    pub previous: Option<(String, Time)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(***)")
    }
}

/// The valid secrets of a destination.
pub(crate) fn secrets(master: &[u8], url: &str, signing: Signing, now: Time) -> Secrets {
    let secret = |version| SigningKey::derive(master, url, version).secret();
    Secrets {
        current: secret(signing.version),
        previous: signing
            .until(now)
            .map(|until| (secret(signing.version - 1), until)),
    }
}

/// A key that signs posts to one destination.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The key of a destination with this number: each destination has its own, so that no receiver can sign for
    /// another, and no key is stored.
    pub fn derive(master: &[u8], url: &str, version: u32) -> Self {
        if version <= 1 {
            return Self(hmac(master, &[DERIVATION, url.as_bytes()]));
        }
        let version = format!("{version}\0");
        Self(hmac(
            master,
            &[LATER_DERIVATION, version.as_bytes(), url.as_bytes()],
        ))
    }

    /// The key in a secret `whsec_…`: 24 to 64 bytes.
    pub fn parse(secret: &str) -> Option<Self> {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        (24..=64).contains(&key.len()).then_some(Self(key))
    }

    /// The secret `whsec_…` that a receiver verifies with.
    pub fn secret(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(&self.0))
    }

    /// The signature `v1,…` of id, time and body.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = hmac(
            &self.0,
            &[format!("{id}.{timestamp}.").as_bytes(), body.as_bytes()],
        );
        format!("v1,{}", BASE64_STANDARD.encode(signed))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// HMAC-SHA256 of the concatenated parts.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is valid");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: C3
    #[test]
    fn signs_as_standard_webhooks_says() {
        // The test vector of the specification and its libraries.
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(key.secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn each_destination_has_its_own_key() {
        let key = |master: &[u8], url| SigningKey::derive(master, url, 1).secret();
        let one = key(b"master", "https://a.example/");
        assert_eq!(one, key(b"master", "https://a.example/"));
        assert_ne!(one, key(b"master", "https://b.example/"));
        assert_ne!(one, key(b"other", "https://a.example/"));
        assert!(
            SigningKey::parse(&one).is_some(),
            "a length Standard Webhooks allows"
        );
        for bad in [
            "",
            "whsec_",
            "whsec_AAAA",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!!",
        ] {
            assert!(SigningKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn every_version_is_another_key_and_the_first_stays_what_it_was() {
        let secret = |url, version| SigningKey::derive(b"master", url, version).secret();
        // As receivers have it since the first release.
        assert_eq!(
            secret("https://a.example/", 1),
            "whsec_DEEo+tcyb8pD7Vj2QbbmlNOgwftKyemC+kNmW8lj2uI="
        );
        let mut all: Vec<_> = (1..=12)
            .flat_map(|version| ["https://a.example/", "2https://a.example/"].map(|url| secret(url, version)))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 24);
    }

    #[test]
    fn the_previous_secret_is_valid_for_a_day() {
        let made = Time::from_nanos(1_790_000_000_000_000_000);
        let signing = Signing {
            version: 3,
            rotated_at: made,
        };
        let secrets = |now| secrets(b"master", "https://a.example/", signing, now);
        let secret = |version| SigningKey::derive(b"master", "https://a.example/", version).secret();
        let end = made.after(OVERLAP);
        for now in [made, end.before(Duration::from_nanos(1))] {
            let found = secrets(now);
            assert_eq!(
                (found.current, found.previous),
                (secret(3), Some((secret(2), end)))
            );
            assert_eq!(signing.keys(b"master", "https://a.example/", now).len(), 2);
        }
        let found = secrets(end);
        assert_eq!((found.current, found.previous), (secret(3), None));
        assert_eq!(signing.keys(b"master", "https://a.example/", end).len(), 1);
        assert_eq!(
            Signing::default().until(Time::default()),
            None,
            "there was none before the first"
        );
    }
}
