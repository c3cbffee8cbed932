//! Addresses: only those that are plain in every header and every SMTP command.

use std::str::FromStr;

use base::text;
use url::Host;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, cleaned.
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an email address")]
pub struct NotAMailbox;

/// The longest address, RFC 5321.
const MAX_ADDRESS: usize = 254;
/// The longest part before the `@`.
const MAX_LOCAL: usize = 64;

impl Mailbox {
    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for Mailbox {
    type Err = NotAMailbox;

    /// Parses `address` or `Name <address>`.
    fn from_str(raw: &str) -> Result<Self, NotAMailbox> {
        let raw = raw.trim();
        let Some(inside) = raw.strip_suffix('>') else {
            return Ok(Self {
                name: None,
                address: canonical(raw)?,
            });
        };
        let (name, address) = inside.rsplit_once('<').ok_or(NotAMailbox)?;
        let name = text::line(name.trim().trim_matches('"'), 100);
        Ok(Self {
            name: (!name.is_empty()).then_some(name),
            address: canonical(address)?,
        })
    }
}

/// The address with its domain in lower case, an internationalized domain in its ASCII form. Quoted local parts,
/// address literals and non-ASCII letters before the `@` are rejected: hardly anyone has them, and every parser reads
/// them differently.
pub(super) fn canonical(raw: &str) -> Result<String, NotAMailbox> {
    let (local, domain) = raw.rsplit_once('@').ok_or(NotAMailbox)?;
    let atom = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    if local.len() > MAX_LOCAL || !local.split('.').all(atom) {
        return Err(NotAMailbox);
    }
    let plain = |char: char| char.is_alphanumeric() || char == '-' || char == '.';
    if !domain.chars().all(plain) {
        return Err(NotAMailbox);
    }
    let Ok(Host::Domain(domain)) = Host::parse(domain) else {
        return Err(NotAMailbox);
    };
    let label = |label: &str| {
        matches!(label.len(), 1..=63)
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let address = format!("{local}@{domain}");
    if address.len() > MAX_ADDRESS || !domain.split('.').all(label) {
        return Err(NotAMailbox);
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_pass_in_one_spelling() {
        let cases = [
            ("mara@example.com", "mara@example.com"),
            ("Mara.Lind+sec@EXAMPLE.com", "Mara.Lind+sec@example.com"),
            ("root@localhost", "root@localhost"),
            ("x@bücher.example", "x@xn--bcher-kva.example"),
            ("o'neil@a-b.example", "o'neil@a-b.example"),
        ];
        for (raw, expected) in cases {
            assert_eq!(canonical(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    // promise: C7
    #[test]
    fn ambiguous_addresses_are_rejected() {
        let long = format!("{}@example.com", "x".repeat(65));
        let longer = format!("x@{}.com", "x.".repeat(150));
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a b@c",
            "a@b c",
            "a@b@c.de",
            "a\r\nBcc: x@y@example.com",
            "a@example.com\r\n",
            "a@example.com\nBcc: x@y.de",
            "a@b\0c",
            "<a@b.de>",
            "a@b.de>",
            "\"a b\"@c.de",
            "a..b@c.de",
            ".a@c.de",
            "a.@c.de",
            "a@c..de",
            "a@.de",
            "a@de.",
            "a@-x.de",
            "a@x-.de",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@1",
            "a@b_c.de",
            "a@b%2ede",
            "ä@example.com",
            "a@b.de,c@d.de",
            "a@b.de;c@d.de",
            "a(comment)@b.de",
            &long,
            &longer,
        ] {
            assert_eq!(canonical(bad), Err(NotAMailbox), "{bad:?}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name() {
        let mailbox: Mailbox = " \"Campanile, Acme\" <Campanile@Example.com> ".parse().unwrap();
        assert_eq!(mailbox.name.as_deref(), Some("Campanile, Acme"));
        assert_eq!(mailbox.address, "Campanile@example.com");
        assert_eq!(mailbox.domain(), "example.com");
        assert_eq!("<a@b.de>".parse::<Mailbox>().unwrap().name, None);
        for bad in ["x <a@b.de> y", "x <a>", "x a@b.de", "x <a@b.de", "a@b.de>"] {
            assert_eq!(bad.parse::<Mailbox>(), Err(NotAMailbox), "{bad}");
        }
    }
}
