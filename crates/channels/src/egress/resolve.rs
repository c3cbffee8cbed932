//! From a host's name to addresses: what the operator configured, else the system's resolver.

use std::{
    fmt, io,
    net::{IpAddr, ToSocketAddrs},
    str::FromStr,
    sync::Arc,
};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

/// How many lookups run at once. They block threads that the database shares, and a resolver may hang.
const LOOKUPS: usize = 32;

/// An address configured for a host and port, `host:port:address` as with curl's `--resolve`: for egress gateways and
/// tests. The host and TLS checks stay as they are; the address needs no further permission, because the operator
/// configured it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// The host, in lower case.
    pub host: String,
    /// The port of the URL, which is also dialed unless [`dial_port`](Self::dial_port) is given.
    pub port: u16,
    /// The address that is dialed.
    pub address: IpAddr,
    /// The port that is dialed, if it is a different one: `host:443:127.0.0.1:8443`.
    pub dial_port: Option<u16>,
}

/// A text that is not such a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected host:port:address, such as hooks.slack.com:443:192.0.2.1 or gateway:443:[2001:db8::1]")]
pub struct NotAResolve;

impl FromStr for Resolve {
    type Err = NotAResolve;
    fn from_str(text: &str) -> Result<Self, NotAResolve> {
        let mut parts = text.trim().splitn(3, ':');
        let (Some(host), Some(port), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotAResolve);
        };
        let port = port.parse().map_err(|_| NotAResolve)?;
        let (address, dial_port) = address(rest).ok_or(NotAResolve)?;
        if host.is_empty() || port == 0 || dial_port == Some(0) {
            return Err(NotAResolve);
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
            address,
            dial_port,
        })
    }
}

/// An address, an IPv6 one also in brackets, and the port after it if there is one.
fn address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(address) = text.parse() {
        return Some((address, None));
    }
    let (address, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => text.split_at(text.find(':')?),
    };
    let port = match port {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse().ok()?),
    };
    Some((address.parse().ok()?, port))
}

impl fmt::Display for Resolve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.host, self.port)?;
        match (self.address, self.dial_port) {
            (address, None) => write!(f, "{address}"),
            (IpAddr::V4(address), Some(port)) => write!(f, "{address}:{port}"),
            (IpAddr::V6(address), Some(port)) => write!(f, "[{address}]:{port}"),
        }
    }
}

/// Resolves a host's addresses.
pub trait Lookup: Send + Sync {
    /// Every address of the host.
    fn lookup(&self, host: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver, with a limited number of concurrent lookups.
pub struct SystemLookup(Arc<Semaphore>);

impl Default for SystemLookup {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }
}

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let permit = Arc::clone(&self.0)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let looked_up = tokio::task::spawn_blocking(move || {
                // Held until the thread is free again, even when no one waits for it any more.
                let _permit = permit;
                let addresses = (host.as_str(), 0).to_socket_addrs()?;
                Ok(addresses.map(|address| address.ip()).collect())
            });
            looked_up.await.map_err(io::Error::other)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_like_curls() {
        for line in [
            "hooks.slack.com:443:127.0.0.1",
            "gateway:8443:2001:db8::1",
            "hooks.slack.com:443:127.0.0.1:9443",
            "hooks.slack.com:443:[::1]:9443",
        ] {
            assert_eq!(line.parse::<Resolve>().unwrap().to_string(), line);
        }
        let resolve: Resolve = " Hooks.Slack.com:443:[::1] ".parse().unwrap();
        assert_eq!(resolve.to_string(), "hooks.slack.com:443:::1");
        for bad in [
            "",
            "a",
            "a:1",
            ":443:127.0.0.1",
            "a:0:127.0.0.1",
            "a:x:127.0.0.1",
            "a:70000:127.0.0.1",
            "a:443:b",
            "a:443:",
            "a:443:127.0.0.1:0",
            "a:443:[::1]x",
            "a:443:[::1",
            "a:443:127.0.0.1:1:2",
        ] {
            assert_eq!(bad.parse::<Resolve>(), Err(NotAResolve), "{bad}");
        }
    }
}
