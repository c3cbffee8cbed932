//! Hosts and sites, in one normalized spelling.
//!
//! Owns: parsing a URL or `host:port`, and the name of a host or a site. Must not: look anything up.

use base::text;

use crate::{
    draft::{Draft, host_group},
    list::Sink,
};

/// Maximum length of a host or a site in characters.
const LIMIT: usize = 300;

/// A host's name or address, normalized: case and a trailing dot do not matter.
pub(crate) fn named(host: &str) -> String {
    let host = text::line(host, LIMIT).to_lowercase();
    host.strip_suffix('.').unwrap_or(&host).to_owned()
}

/// The coverage of a host, normalized by [`named`]: the index for [`Draft::coverage`].
///
/// # Errors
/// Too many hosts.
pub(crate) fn covers(sink: &mut Sink<'_>, kind: &'static str, host: &str) -> Result<usize, String> {
    sink.covers(host, Some(host_group(kind, host)))
}

/// Assigns an entry to a host: its coverage, and the group of its key.
pub(crate) fn place(mut draft: Draft, (kind, host): (&'static str, &str), coverage: usize) -> Draft {
    draft.coverage = coverage;
    draft.key.kind = kind;
    draft.key.place = vec![host.to_owned()];
    draft
}

/// A URL, or a host with or without a port, in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url<'t> {
    scheme: String,
    /// The host, normalized by [`named`], without the brackets of an IPv6 address.
    pub(crate) name: String,
    port: &'t str,
    /// What follows the host: path, query and fragment.
    pub(crate) rest: &'t str,
}

impl<'t> Url<'t> {
    /// Splits a text into parts; any text has parts.
    pub(crate) fn of(url: &'t str) -> Self {
        let url = url.trim();
        let is_scheme =
            |scheme: &str| !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
        let (scheme, behind) = url
            .split_once("://")
            .filter(|(scheme, _)| is_scheme(scheme))
            .unwrap_or(("", url));
        let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // Colons without brackets belong to an address.
        let is_port = |(name, port): &(&str, &str)| {
            !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']'))
        };
        let (name, port) = authority
            .rsplit_once(':')
            .filter(is_port)
            .unwrap_or((authority, ""));
        Self {
            scheme: scheme.to_ascii_lowercase(),
            name: named(name.trim_start_matches('[').trim_end_matches(']')),
            port,
            rest,
        }
    }

    /// The port, or the scheme's default port if none is written.
    pub(crate) fn port(&self) -> &str {
        match self.scheme.as_str() {
            _ if !self.port.is_empty() => self.port,
            "http" => "80",
            "https" => "443",
            _ => "",
        }
    }

    /// The host with its port, except for the HTTP ports: `http://a`, `https://a:443` and `a` are one host, `a:8080` is
    /// another.
    pub(crate) fn host(&self) -> String {
        self.with_port(!matches!(
            (self.scheme.as_str(), self.port()),
            ("" | "http", "80") | ("" | "https", "443")
        ))
    }

    /// Scheme, host and port, except for the scheme's default port.
    pub(crate) fn site(&self) -> String {
        if self.scheme.is_empty() {
            return self.with_port(true);
        }
        let own = matches!(
            (self.scheme.as_str(), self.port()),
            ("http", "80") | ("https", "443")
        );
        format!("{}://{}", self.scheme, self.with_port(!own))
    }

    fn with_port(&self, port: bool) -> String {
        let number = self.port();
        match (port && !number.is_empty(), self.name.contains(':')) {
            (true, true) => format!("[{}]:{number}", self.name),
            (true, false) => format!("{}:{number}", self.name),
            (false, _) => self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: M5
    #[test]
    fn a_host_has_one_spelling() {
        for (url, host, site) in [
            ("https://Shop.example", "shop.example", "https://shop.example"),
            (
                "https://shop.example.:443/a?b#c",
                "shop.example",
                "https://shop.example",
            ),
            ("http://shop.example:80/", "shop.example", "http://shop.example"),
            (
                "http://shop.example:443",
                "shop.example:443",
                "http://shop.example:443",
            ),
            ("shop.example:443", "shop.example", "shop.example:443"),
            ("shop.example:22", "shop.example:22", "shop.example:22"),
            (
                "http://u:p@10.0.0.1:8080/x",
                "10.0.0.1:8080",
                "http://10.0.0.1:8080",
            ),
            (
                "https://[2001:DB8::1]:8443/x",
                "[2001:db8::1]:8443",
                "https://[2001:db8::1]:8443",
            ),
            ("2001:db8::1", "2001:db8::1", "2001:db8::1"),
            ("", "", ""),
            ("://", ":", ":"),
        ] {
            let parts = Url::of(url);
            assert_eq!(
                (parts.host().as_str(), parts.site().as_str()),
                (host, site),
                "{url}"
            );
        }
        assert_eq!(Url::of("https://a/b?c").rest, "/b?c");
        assert_eq!((Url::of("https://a").port(), Url::of("a").port()), ("443", ""));
        assert_eq!(named(" DC01.Corp. "), "dc01.corp");
    }
}
