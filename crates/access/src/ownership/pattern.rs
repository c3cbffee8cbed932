//! Patterns of ownership rules: paths as in a CODEOWNERS file, names with `*` for any text.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// An invalid pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a path pattern: {0}")]
pub struct BadPattern(String);

/// A pattern for paths, compiled. As in CODEOWNERS and `.gitignore`: `*` stays within a folder, `**` does not; a pattern
/// without a slash before its end matches in any folder; one that names a folder matches everything below it, except
/// one ending in `/*`.
#[derive(Debug, Clone)]
pub(super) struct Pattern(GlobSet);

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Self, BadPattern> {
        let mut set = GlobSetBuilder::new();
        for glob in globs(text) {
            let glob = GlobBuilder::new(&glob)
                .literal_separator(true)
                .backslash_escape(true)
                .build();
            set.add(glob.map_err(|error| BadPattern(error.kind().to_string()))?);
        }
        let set = set
            .build()
            .map_err(|error| BadPattern(error.kind().to_string()))?;
        Ok(Self(set))
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        let path = path.replace('\\', "/");
        let path = path.trim_start_matches("./").trim_start_matches('/');
        self.0.is_match(path)
    }
}

/// The globs that are equivalent to a pattern.
fn globs(text: &str) -> Vec<String> {
    let text = text.trim();
    let folder = text.ends_with('/');
    let body = text.trim_end_matches('/');
    let anchored = body.contains('/');
    let body = body.trim_start_matches('/');
    if body.is_empty() || body == "*" && !anchored {
        return vec!["**".to_owned()];
    }
    let start = if anchored { "" } else { "**/" };
    let last = body.rsplit('/').next().unwrap_or(body);
    let (itself, below) = (format!("{start}{body}"), format!("{start}{body}/**"));
    match last {
        "**" => vec![itself],
        "*" if !folder => vec![itself],
        _ if folder => vec![below],
        _ => vec![itself, below],
    }
}

/// Whether a lower-case text matches a lower-case pattern in which `*` is any text.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let mut parts: Vec<&str> = pattern.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else {
        return text == last;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_as_in_a_codeowners_file() {
        for (pattern, yes, no) in [
            ("*", &["a.js", "src/a.js", ""][..], &[][..]),
            ("**", &["a.js", "src/a.js"], &[]),
            ("/", &["a.js", "src/a.js"], &[]),
            ("*.js", &["a.js", "src/b/a.js"], &["a.ts", "a.js.map"]),
            ("/*.js", &["a.js"], &["src/a.js"]),
            (
                "docs",
                &["docs", "docs/a.md", "x/docs/a/b.md"],
                &["docs2/a.md", "adocs"],
            ),
            ("docs/", &["docs/a.md", "x/docs/b"], &["docs"]),
            ("/docs/", &["docs/a.md", "docs/x/b"], &["x/docs/a.md"]),
            ("docs/*", &["docs/a.md"], &["docs/x/a.md", "x/docs/a.md"]),
            (
                "src/pay/**",
                &["src/pay/a.rs", "src/pay/x/b.rs"],
                &["src/payment.rs", "x/src/pay/a.rs"],
            ),
            ("src/pay", &["src/pay", "src/pay/x/b.rs"], &["src/payments/a.rs"]),
            ("**/test_*.py", &["test_a.py", "x/y/test_a.py"], &["x/a_test.py"]),
            ("src/{a,b}.rs", &["src/a.rs", "src/b.rs"], &["src/c.rs"]),
            ("src/?.rs", &["src/a.rs"], &["src/ab.rs", "src//.rs"]),
        ] {
            let compiled = Pattern::new(pattern).unwrap();
            for path in yes {
                for spelt in [
                    (*path).to_owned(),
                    format!("./{path}"),
                    format!("/{path}"),
                    path.replace('/', "\\"),
                ] {
                    assert!(compiled.matches(&spelt), "{pattern} matches {spelt}");
                }
            }
            for path in no {
                assert!(!compiled.matches(path), "{pattern} does not match {path}");
            }
        }
        for bad in ["src/[a", "src/{a", "a\\"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_star_in_a_name_matches_any_text() {
        for (pattern, yes, no) in [
            ("log4j", &["log4j"][..], &["log4j-core", "", "alog4j"][..]),
            ("log4j*", &["log4j", "log4j-core"], &["xlog4j"]),
            ("*:log4j*", &["org.apache:log4j-core"], &["log4j"]),
            ("a*b*c", &["abc", "a1b2c", "abbcc"], &["ab", "acb"]),
            ("ab*ba", &["abba", "abxba"], &["aba"]),
            ("*", &["", "x"], &[]),
        ] {
            for text in yes {
                assert!(like(pattern, text), "{pattern} is like {text}");
            }
            for text in no {
                assert!(!like(pattern, text), "{pattern} is not like {text}");
            }
        }
    }
}
