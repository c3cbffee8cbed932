//! A URL as written: what must hold before and after it is parsed, for every channel.

use url::{Host, Url};

use super::{MAX_BYTES, Refusal};

/// The rules for every URL. The text is checked by hand first, because parsers repair what people and attackers write,
/// and two parsers repair differently; then it is parsed once, and the parsed value must equal what the text says.
pub(super) fn parse(text: &str) -> Result<Url, Refusal> {
    if text.is_empty() || text.len() > MAX_BYTES {
        return Err(Refusal::Length);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(Refusal::Characters);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Refusal::Scheme)?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Err(Refusal::Scheme);
    }
    if rest.contains('#') {
        return Err(Refusal::Fragment);
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = split_authority(authority)?;
    let url = Url::parse(text).map_err(|_| Refusal::NotAUrl)?;
    let same = url.scheme() == scheme
        && url.username().is_empty()
        && url.password().is_none()
        && url.port_or_known_default() == port.or(if scheme == "https" { Some(443) } else { Some(80) });
    if !same {
        return Err(Refusal::NotAUrl);
    }
    same_host(&url, &host)?;
    // A path that the parser changed (`/../`, `%2e`, characters it encodes) is one that others may parse differently.
    let written = tail.split('?').next().unwrap_or_default();
    if url.path() != if written.is_empty() { "/" } else { written } {
        return Err(Refusal::Path);
    }
    Ok(url)
}

/// Host in lower case and port of an authority, if it is written plainly.
fn split_authority(authority: &str) -> Result<(String, Option<u16>), Refusal> {
    if authority.contains('@') {
        return Err(Refusal::Userinfo);
    }
    let (host, port) = if authority.starts_with('[') {
        let end = authority.find(']').ok_or(Refusal::Host)?;
        let (host, rest) = authority.split_at(end + 1);
        let inside = &host[1..end];
        if !inside
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')
        {
            return Err(Refusal::Host);
        }
        (host, rest)
    } else {
        authority.split_at(authority.find(':').unwrap_or(authority.len()))
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        // A number of up to five digits, without a leading zero.
        Some(digits)
            if matches!(digits.len(), 1..=5)
                && !digits.starts_with('0')
                && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Some(digits.parse().map_err(|_| Refusal::Port)?)
        }
        _ => return Err(Refusal::Port),
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// Whether the parsed host is the written one, and a plain one.
fn same_host(url: &Url, written: &str) -> Result<(), Refusal> {
    match url.host() {
        // `1`, `0x7f.1` and `017700000001` are addresses to a parser; only four plain numbers are accepted here.
        Some(Host::Ipv4(address)) if address.to_string() == written => Ok(()),
        Some(Host::Ipv6(_)) if written.starts_with('[') => Ok(()),
        Some(Host::Domain(name)) if name == written && name.len() <= 253 && name.split('.').all(is_label) => {
            Ok(())
        }
        _ => Err(Refusal::Host),
    }
}

/// Whether it is one label of a host name. The underscore is for container names.
fn is_label(label: &str) -> bool {
    matches!(label.len(), 1..=63)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
