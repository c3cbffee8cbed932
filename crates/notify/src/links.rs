//! Unsubscribe links in mails: each names the preference cell, and proves that it is ours.

use base::{Id, Kind};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::channels::Channels;

/// The prefix of the signed text, so that no other use of the master key signs the same.
const PURPOSE: &[u8] = b"campanile unsubscribe v1\0";

/// Signs the links of one installation.
pub(crate) struct Links<'a> {
    pub(crate) public_url: &'a str,
    pub(crate) master: &'a [u8],
}

impl<'a> Links<'a> {
    /// Those of the installation that uses these channels.
    pub(crate) fn of(channels: &'a Channels) -> Self {
        Self {
            public_url: channels.public_url(),
            master: &channels.signing().0,
        }
    }

    /// The link that turns off mails of this kind for this person.
    pub(crate) fn link(&self, user: Id, kind: Kind) -> String {
        let key = BASE64_URL_SAFE_NO_PAD.encode(self.mac(user, kind).finalize().into_bytes());
        format!(
            "{}/api/v1/unsubscribe?user={user}&type={kind}&key={key}",
            self.public_url
        )
    }

    /// Whether the link is ours; in constant time.
    pub(crate) fn proves(&self, user: Id, kind: Kind, key: &str) -> bool {
        BASE64_URL_SAFE_NO_PAD
            .decode(key)
            .is_ok_and(|key| self.mac(user, kind).verify_slice(&key).is_ok())
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn mac(&self, user: Id, kind: Kind) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.master).expect("any length is valid");
        mac.update(PURPOSE);
        mac.update(format!("{user} {kind}").as_bytes());
        mac
    }
}
