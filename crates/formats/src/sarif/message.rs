//! The text of a message: placeholders are filled, links into the scan report are replaced by their text.
//!
//! Owns: SARIF's two notations inside message texts. Must not: clean or truncate for display; `base::text` does.

use crate::json::scalar::cut;

/// Fills `{0}`, `{1}`, … with the arguments; `{{` and `}}` are literal braces (SARIF 2.1.0 section 3.11.5). Without
/// arguments the text is unchanged: most scanners do not escape braces.
pub(super) fn fill(text: &str, arguments: &[String], limit: usize) -> String {
    if arguments.is_empty() {
        return cut(text, limit).to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = if let Some(after) = from.strip_prefix("{{") {
            out.push('{');
            after
        } else if let Some(after) = from.strip_prefix("}}") {
            out.push('}');
            after
        } else if let Some((argument, after)) = placeholder(from, arguments) {
            out.push_str(argument);
            after
        } else {
            let (brace, after) = from.split_at(1);
            out.push_str(brace);
            after
        };
        if out.len() > limit {
            break;
        }
    }
    out.push_str(rest);
    out.truncate(out.floor_char_boundary(limit));
    out
}

/// The argument for a text that starts with `{n}`, and the text after it.
fn placeholder<'a>(text: &'a str, arguments: &'a [String]) -> Option<(&'a str, &'a str)> {
    let (number, after) = text.strip_prefix('{')?.split_once('}')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let argument = arguments.get(number.parse::<usize>().ok()?)?;
    Some((argument, after))
}

/// Replaces links to other places in the scan report, `[text](1)`, by their text (section 3.11.6). Other brackets are
/// kept.
pub(super) fn unlink(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some((label, after)) = link(from) else {
            out.push('[');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        out.push_str(label);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Maximum length of a link's text: bounds the lookahead, so that a text of brackets does not take quadratic time.
const LINK_TEXT: usize = 512;

/// The text of the link that `text` starts with, and what follows it.
fn link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let close = cut(inner, LINK_TEXT).find(['[', ']'])?;
    let (label, from) = inner.split_at(close);
    let from = from.strip_prefix("](")?;
    let digits = from.bytes().take(10).take_while(u8::is_ascii_digit).count();
    let after = from.get(digits..)?.strip_prefix(')')?;
    (digits > 0).then_some((label, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_braces_kept() {
        let arguments = ["x".to_owned(), "{0}".to_owned()];
        assert_eq!(
            fill("{0} {{0}} {1} {2} {} {a", &arguments, 99),
            "x {0} {0} {2} {} {a"
        );
        assert_eq!(fill("{0} {{}}", &[], 99), "{0} {{}}");
        assert_eq!(fill("é{0}é", &arguments, 3), "éx");
        let huge = ["y".repeat(1000)];
        assert!(fill(&"{0}".repeat(100_000), &huge, 5000).len() <= 5000);
    }

    #[test]
    fn links_into_the_report_are_unlinked() {
        assert_eq!(unlink("on [a value](1) and [b](22)."), "on a value and b.");
        assert_eq!(
            unlink("[x] a[0](b) [c](http://d) [](3)["),
            "[x] a[0](b) [c](http://d) ["
        );
        let brackets = "[".repeat(100_000);
        assert_eq!(unlink(&brackets), brackets);
    }
}
