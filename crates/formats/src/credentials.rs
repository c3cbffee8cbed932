//! Credentials in the URLs of a scan report: a repository cloned with a token, a site scanned while signed in.
//!
//! Owns: finding and masking them in a text. Must not: look for secrets outside of URLs; that is a scanner's job.

use std::borrow::Cow;

/// What replaces them.
const MASK: &str = "***";

/// A text without user names and passwords in its URLs: `https://***@git.test/shop` for
/// `https://ci:token@git.test/shop`. The user of `ssh://git@…` is not a secret and is kept.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        let ends = |char: char| char.is_whitespace() || "/?#\"<>\\`".contains(char);
        let authority = behind.split(ends).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let is_ssh = before.trim_end_matches("://").ends_with("ssh") && !user.contains(':');
        if user.is_empty() || is_ssh {
            out.push_str(before);
            rest = behind;
        } else {
            out.push_str(before);
            out.push_str(MASK);
            rest = behind.get(user.len()..).unwrap_or_default();
        }
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_masked_in_urls() {
        for (text, expected) in [
            ("https://u:p@a.test/x", "https://***@a.test/x"),
            (
                "clone https://token@a.test, then",
                "clone https://***@a.test, then",
            ),
            (
                "git+https://u:p@a/b http://c@d",
                "git+https://***@a/b http://***@d",
            ),
            ("postgres://u:p@ss@db:5432", "postgres://***@db:5432"),
            ("ssh://git@a.test/x", "ssh://git@a.test/x"),
            ("git+ssh://git:p@a.test/x", "git+ssh://***@a.test/x"),
            ("https://a.test/@scope?m=x@y", "https://a.test/@scope?m=x@y"),
            ("write to x@y.test: http://a", "write to x@y.test: http://a"),
            ("https://@a \"http://b\"@c ://", "https://@a \"http://b\"@c ://"),
            ("é://é:é@é", "é://***@é"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
    }
}
