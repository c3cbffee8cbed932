//! The client address of a request behind proxies.
//!
//! Owns: reading `Forwarded` (RFC 7239) and `X-Forwarded-For`. Must not: trust anyone but the configured proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whether the address belongs to one of the proxies.
pub(crate) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// The last address on the path that is not one of our proxies: that of the connection, or what our proxies report.
pub(crate) fn caller(trusted: &[IpNet], connected: IpAddr, headers: &HeaderMap) -> IpAddr {
    let connected = connected.to_canonical();
    if !is_trusted(trusted, connected) {
        return connected;
    }
    let standard = last_hop(trusted, connected, headers, (&header::FORWARDED, forwarded_for));
    let usual = last_hop(
        trusted,
        connected,
        headers,
        (&X_FORWARDED_FOR, |element| Some(element)),
    );
    match (standard, usual) {
        (Some(one), Some(other)) if one == other => one,
        // A proxy sets one of them; the other came from the client. Which is which cannot be known.
        (Some(_), Some(_)) | (None, None) => connected,
        (Some(one), None) | (None, Some(one)) => one,
    }
}

/// Follows the hops of a header back from the connection while they are our proxies. `None` without the header.
fn last_hop(
    trusted: &[IpNet],
    connected: IpAddr,
    headers: &HeaderMap,
    (name, read): (&HeaderName, fn(&str) -> Option<&str>),
) -> Option<IpAddr> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap_or_default()).collect();
    let mut last = connected;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // A hop without an address ("unknown", a pseudonym) ends the chain.
        let Some(address) = read(hop.trim()).and_then(address) else {
            break;
        };
        last = address;
        if !is_trusted(trusted, last) {
            break;
        }
    }
    Some(last)
}

/// The value of `for` in an element such as `for="[2001:db8::1]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    address.or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_address(connected: &str, lines: &[(&str, &str)]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "2001:db8:ffff::/48"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        caller(&trusted, connected.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_our_proxies_are_trusted() {
        let forwarded = ("x-forwarded-for", "198.51.100.7");
        assert_eq!(
            client_address("192.0.2.1", &[forwarded]),
            "192.0.2.1",
            "not our proxy"
        );
        assert_eq!(client_address("10.0.0.1", &[forwarded]), "198.51.100.7");
        assert_eq!(
            client_address("::ffff:10.0.0.1", &[forwarded]),
            "198.51.100.7",
            "mapped"
        );
        assert_eq!(client_address("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_last_hop_that_is_not_a_proxy_counts() {
        for (value, expected) in [
            ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("203.0.113.9, 198.51.100.7, 10.2.0.1", "198.51.100.7"),
            ("10.9.9.9, 10.2.0.1", "10.9.9.9"),
            ("203.0.113.9, unknown", "10.0.0.1"),
            ("203.0.113.9, unknown, 10.2.0.1", "10.2.0.1"),
            ("", "10.0.0.1"),
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1, 2001:db8:ffff::2", "2001:db8::1"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(
                client_address("10.0.0.1", &[("x-forwarded-for", value)]),
                expected,
                "{value}"
            );
        }
        let lines = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "198.51.100.7, 10.2.0.1"),
        ];
        assert_eq!(
            client_address("10.0.0.1", &lines),
            "198.51.100.7",
            "over several lines"
        );
    }

    #[test]
    fn the_standard_header_is_read_too() {
        for (value, expected) in [
            ("for=198.51.100.7", "198.51.100.7"),
            (
                "For=203.0.113.9, proto=https;for=\"198.51.100.7:4711\"",
                "198.51.100.7",
            ),
            ("for=\"[2001:db8::1]:4711\";by=10.0.0.1", "2001:db8::1"),
            ("for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(
                client_address("10.0.0.1", &[("forwarded", value)]),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn two_different_headers_are_ignored() {
        let (standard, usual) = (
            ("forwarded", "for=203.0.113.9"),
            ("x-forwarded-for", "198.51.100.7"),
        );
        assert_eq!(client_address("10.0.0.1", &[standard, usual]), "10.0.0.1");
        assert_eq!(
            client_address("10.0.0.1", &[("forwarded", "for=198.51.100.7"), usual]),
            "198.51.100.7"
        );
    }
}
