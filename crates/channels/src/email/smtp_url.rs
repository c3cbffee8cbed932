//! The SMTP URL: server, TLS and credentials.

use std::fmt;

use url::{Host, Url};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// From the first byte (`smtps://`).
    Implicit,
    /// STARTTLS or fail (`?tls=required`).
    Required,
    /// STARTTLS where the server offers it (`?tls=opportunistic`).
    Opportunistic,
    /// Unprotected (`?tls=none`).
    None,
}

/// The settings in an SMTP URL.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    /// User name and password.
    pub(super) credentials: Option<(String, String)>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {:?} ", self.host, self.port, self.tls)?;
        f.write_str(if self.credentials.is_some() {
            "with credentials"
        } else {
            "without credentials"
        })
    }
}

/// Why a text is not an SMTP URL. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences are the documentation")]
pub enum SmtpUrlFault {
    #[error("expected smtp://host or smtps://host, with user:password@ and :port if needed")]
    NotAUrl,
    #[error("tls must be required, opportunistic or none, and is not allowed with smtps://")]
    Tls,
    #[error("must not have a path, a fragment or a parameter other than tls")]
    Extra,
    #[error("a user name requires a password, both percent-encoded")]
    Credentials,
}

/// Parses an SMTP URL. Without `tls`, STARTTLS is used if the server offers it; with credentials it is required, so
/// that no password crosses a network in the clear unless `tls=none` says so. To the machine itself it may.
pub(super) fn parse(text: &str) -> Result<Settings, SmtpUrlFault> {
    let url = Url::parse(text).map_err(|_| SmtpUrlFault::NotAUrl)?;
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err(SmtpUrlFault::NotAUrl);
    }
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(SmtpUrlFault::Extra);
    }
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        ("", Some(_)) | (_, None) => return Err(SmtpUrlFault::Credentials),
        (user, Some(password)) => Some((decode(user)?, decode(password)?)),
    };
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || tls.is_some() {
            return Err(SmtpUrlFault::Extra);
        }
        tls = Some(match &*value {
            "required" => Tls::Required,
            "opportunistic" => Tls::Opportunistic,
            "none" => Tls::None,
            _ => return Err(SmtpUrlFault::Tls),
        });
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let (tls, default_port) = match (url.scheme(), tls) {
        ("smtps", None) => (Tls::Implicit, 465),
        ("smtps", Some(_)) => return Err(SmtpUrlFault::Tls),
        ("smtp", Some(Tls::Required)) => (Tls::Required, 587),
        ("smtp", Some(tls)) => (tls, 25),
        ("smtp", None) if credentials.is_some() && !is_this_machine(&host) => (Tls::Required, 587),
        ("smtp", None) => (Tls::Opportunistic, 25),
        _ => return Err(SmtpUrlFault::NotAUrl),
    };
    Ok(Settings {
        host,
        port: url.port().unwrap_or(default_port),
        tls,
        credentials,
    })
}

fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        _ => host == "::1",
    }
}

/// A percent-encoded part as text.
fn decode(part: &str) -> Result<String, SmtpUrlFault> {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.ok_or(SmtpUrlFault::Credentials)?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| SmtpUrlFault::Credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_server_tls_and_credentials() {
        let cases = [
            (
                "smtp://mx.example",
                "mx.example:25 Opportunistic without credentials",
            ),
            (
                "smtp://mx.example:2525?tls=none",
                "mx.example:2525 None without credentials",
            ),
            (
                "smtp://mx.example?tls=required",
                "mx.example:587 Required without credentials",
            ),
            (
                "smtp://u:p@mx.example",
                "mx.example:587 Required with credentials",
            ),
            (
                "smtp://u:p@mx.example?tls=none",
                "mx.example:25 None with credentials",
            ),
            (
                "smtp://u:p@127.0.0.1:1025",
                "127.0.0.1:1025 Opportunistic with credentials",
            ),
            (
                "smtp://u:p@[::1]:1025/",
                "::1:1025 Opportunistic with credentials",
            ),
            (
                "smtps://u:p@mx.example",
                "mx.example:465 Implicit with credentials",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(format!("{:?}", parse(text).unwrap()), expected, "{text}");
        }
        let credentials = parse("smtps://a%40b.de:p%3Aw%2F@mx").unwrap().credentials;
        assert_eq!(credentials, Some(("a@b.de".to_owned(), "p:w/".to_owned())));
    }

    #[test]
    fn rejects_what_it_does_not_understand() {
        let cases = [
            ("", SmtpUrlFault::NotAUrl),
            ("mx.example", SmtpUrlFault::NotAUrl),
            ("smtp://", SmtpUrlFault::NotAUrl),
            ("http://mx", SmtpUrlFault::NotAUrl),
            ("smtp://mx?tls=maybe", SmtpUrlFault::Tls),
            ("smtps://mx?tls=none", SmtpUrlFault::Tls),
            ("smtp://mx?tsl=none", SmtpUrlFault::Extra),
            ("smtp://mx?tls=none&tls=none", SmtpUrlFault::Extra),
            ("smtp://mx/path", SmtpUrlFault::Extra),
            ("smtp://user@mx", SmtpUrlFault::Credentials),
            ("smtp://:p@mx", SmtpUrlFault::Credentials),
            ("smtp://u%ff:p@mx", SmtpUrlFault::Credentials),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }
}
