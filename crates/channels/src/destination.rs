//! Where a message may be posted: the pure guard for the text of Slack, Teams and webhook URLs (promise S1).
//!
//! Owns: the syntax such a text must have, which hosts are Slack's and Microsoft's, and ([`network`]) which addresses
//! are public. Applied when a URL is saved and again before each send.
//! Must not: resolve anything, or print a URL: a destination's URL is its password.

mod hosts;
pub mod network;
mod written;

use std::fmt;

use url::{Host, Url};

pub use hosts::{CHAT_HOSTS, HostName, Hosts, NotAHost, SLACK_GOV_HOST, SLACK_HOST, TEAMS_HOSTS};
pub use network::Reach;

use written::parse;

/// The longest URL that is accepted, in bytes.
pub const MAX_BYTES: usize = 2048;

/// What the path of a Slack URL begins with.
const SLACK_PATHS: [&str; 3] = ["/services/", "/workflows/", "/triggers/"];

/// A URL that passed the guard, in canonical form. Its text is a secret, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Destination(Url);

/// Ports of protocols other than HTTP, which browsers block: the bad ports of the Fetch standard. A post there could be
/// read as commands.
const BAD_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// Why a text is not a valid destination. Never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences are the documentation")]
pub enum Refusal {
    #[error("must have 1 to 2,048 characters")]
    Length,
    #[error("contains a space, a backslash or a character that is not printable ASCII")]
    Characters,
    #[error("must begin with https://")]
    NotHttps,
    #[error("must begin with https://, or with http:// for a network the operator allows")]
    Scheme,
    #[error("must not contain a user name or password")]
    Userinfo,
    #[error("its host is not in plain form")]
    Host,
    #[error("is not a URL")]
    NotAUrl,
    #[error("its host is not an allowed host for Slack Incoming Webhooks")]
    NotSlack,
    #[error("its host is not an allowed host for Teams webhooks")]
    NotTeams,
    #[error("its host is not allowed for this channel")]
    NotNamed,
    #[error("must use the default port")]
    Port,
    #[error("its port belongs to another protocol (the bad ports of the Fetch standard)")]
    BadPort,
    #[error("its path is not a webhook's")]
    Path,
    #[error("must not have a query")]
    Query,
    #[error("must not have a fragment")]
    Fragment,
    #[error("its address is not public and not in an allowed network")]
    Address,
}

impl Destination {
    /// The URL in canonical form. It is a secret: never log it or include it in an error.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// The host as it is resolved: lower case, an IPv6 address without brackets.
    pub fn host(&self) -> String {
        match self.0.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// The port; the scheme's default if none is given.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Whether the connection uses TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Path and query, as in a request line. A secret like the URL.
    pub fn path_and_query(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Destination(***)")
    }
}

/// The destination of a Slack Incoming Webhook URL, on one of these hosts.
pub fn slack(text: &str, hosts: &Hosts) -> Result<Destination, Refusal> {
    let url = parse(text)?;
    official(&url, Refusal::NotSlack, |host| hosts.is_slack(host))?;
    let path = url.path();
    let token = SLACK_PATHS
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .ok_or(Refusal::Path)?;
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if !token.split('/').all(plain) {
        return Err(Refusal::Path);
    }
    if url.query().is_some() {
        return Err(Refusal::Query);
    }
    Ok(Destination(url))
}

/// The destination of a Teams webhook URL, on one of these hosts: a connector's or a Workflow's.
pub fn teams(text: &str, hosts: &Hosts) -> Result<Destination, Refusal> {
    let url = parse(text)?;
    official(&url, Refusal::NotTeams, |host| hosts.is_teams(host))?;
    // Their paths contain plain ids; a server behind might read `%2e%2e%2f` as a way up.
    if url.path() == "/" || url.path().contains('%') {
        return Err(Refusal::Path);
    }
    Ok(Destination(url))
}

/// The destination of a generic webhook URL. An IP address in it must be public or within `reach`; `http` is only for
/// what is within `reach`. A host name's addresses are checked when they are dialed.
pub fn webhook(text: &str, reach: &Reach) -> Result<Destination, Refusal> {
    let url = parse(text)?;
    let destination = Destination(url);
    let (host, port) = (destination.host(), destination.port());
    usual(port)?;
    let named = reach.names(&host, port);
    match destination.0.host() {
        Some(Host::Domain("localhost")) if reach.is_empty() => return Err(Refusal::Address),
        Some(Host::Domain(name)) if name.ends_with(".localhost") && reach.is_empty() => {
            return Err(Refusal::Address);
        }
        Some(Host::Domain(_)) => {
            if !destination.is_https() && reach.is_empty() {
                return Err(Refusal::Scheme);
            }
        }
        Some(Host::Ipv4(address)) => literal(address.into(), &destination, reach, named)?,
        Some(Host::Ipv6(address)) => literal(address.into(), &destination, reach, named)?,
        None => return Err(Refusal::Host),
    }
    Ok(destination)
}

/// The destination of a chat's webhook URL, on one of these hosts. Any user may save one, so it only leads to hosts
/// that the operator named.
pub fn on_hosts(text: &str, hosts: &[HostName]) -> Result<Destination, Refusal> {
    let url = parse(text)?;
    named_host(&url, Refusal::NotNamed, |host| {
        hosts.iter().any(|known| known.takes(host))
    })?;
    usual(url.port_or_known_default().unwrap_or_default())?;
    Ok(Destination(url))
}

/// Whether HTTP may be spoken at the port.
fn usual(port: u16) -> Result<(), Refusal> {
    if BAD_PORTS.contains(&port) {
        Err(Refusal::BadPort)
    } else {
        Ok(())
    }
}

/// Checks an IP address in a URL.
fn literal(
    address: std::net::IpAddr,
    destination: &Destination,
    reach: &Reach,
    named: bool,
) -> Result<(), Refusal> {
    if named || reach.allows(address) {
        return Ok(());
    }
    if !network::is_public(address) {
        return Err(Refusal::Address);
    }
    if destination.is_https() {
        Ok(())
    } else {
        Err(Refusal::Scheme)
    }
}

/// The rules that Slack and Teams share: https, the channel's own host, the default port.
fn official(url: &Url, wrong_host: Refusal, known: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    named_host(url, wrong_host, known)?;
    if url.port().is_some() {
        return Err(Refusal::Port);
    }
    Ok(())
}

/// Https, and a known host name.
fn named_host(url: &Url, wrong_host: Refusal, known: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    if url.scheme() != "https" {
        return Err(Refusal::NotHttps);
    }
    let Some(Host::Domain(host)) = url.host() else {
        return Err(wrong_host);
    };
    if !known(host) || host.split('.').any(|label| label.starts_with("xn--")) {
        return Err(wrong_host);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
