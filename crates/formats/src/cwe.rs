//! Weaknesses by their number.
//!
//! Owns: reading `CWE-79` in the spellings that tools use. Must not: know which numbers exist.

/// `CWE-79` for `CWE-79: Cross-site Scripting`, `cwe:79`, `external/cwe/cwe-079` or `79`; none for anything else.
pub(crate) fn of(text: &str) -> Option<String> {
    let number = of_tag(text).or_else(|| number(text.trim()))?;
    Some(format!("CWE-{number}"))
}

/// The number of a tag such as `external/cwe/cwe-079`, `CWE-79: Cross-site Scripting` or `cwe:79`.
pub(crate) fn of_tag(tag: &str) -> Option<u32> {
    let tag = tag
        .rsplit('/')
        .find(|part| part.to_ascii_lowercase().starts_with("cwe"))?;
    let rest = tag.get(3..)?.trim_start_matches(['-', ':', '_', ' ']);
    number(rest)
}

/// The number a text starts with, of at most five digits.
pub(crate) fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text.get(..digits).filter(|text| text.len() <= 5)?.parse().ok()?;
    (number > 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_weaknesses_in_many_ways() {
        for (tag, cwe) in [
            ("external/cwe/cwe-079", Some(79)),
            ("CWE-89: SQL injection", Some(89)),
            ("cwe:22", Some(22)),
            ("CWE 400/whatever", Some(400)),
            ("security", None),
            ("cwe", None),
            ("cwe-", None),
            ("cwe-0", None),
            ("cwe-123456", None),
            ("cwé-1", None),
            ("", None),
        ] {
            assert_eq!(of_tag(tag), cwe, "{tag}");
        }
    }

    #[test]
    fn a_bare_number_is_enough() {
        for (text, cwe) in [
            ("79", Some("CWE-79")),
            (" 614 ", Some("CWE-614")),
            ("-1", None),
            ("0", None),
            ("x", None),
        ] {
            assert_eq!(of(text).as_deref(), cwe, "{text}");
        }
    }
}
