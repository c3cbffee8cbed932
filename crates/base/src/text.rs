//! Untrusted text: a finding's title is written by scanners, so possibly by attackers (promise C7).
//!
//! Owns: what a text may contain before each channel escapes it: no control characters, nothing invisible, nothing that
//! changes the text direction, no stacked combining marks, a maximum length.
//! Must not: escape for a channel.

/// How many combining marks in a row are kept: enough for every language, too few to cover the line above.
const MAX_MARKS: usize = 4;

/// The text as one line of at most `max` characters: control characters, line ends and runs of spaces become one space,
/// invisible and direction characters are removed. A truncated text ends with `…`.
pub fn line(text: &str, max: usize) -> String {
    let mut out = String::new();
    for word in visible(head(text, max)).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    cut(&out, max)
}

/// The text as lines, of at most `max` characters in total: line ends become `\n`, at most one empty line in a row;
/// otherwise as [`line`].
pub fn block(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut empty = 0;
    for raw in head(text, max)
        .replace("\r\n", "\n")
        .split(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}'])
    {
        let clean = line(raw, max);
        if clean.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(&clean);
    }
    cut(&out, max)
}

/// The name of a user, a company, a team or a record as it is stored and shown: one line without anything invisible
/// or anything that changes the text direction. None if nothing visible is left.
pub fn name(text: &str, max: usize) -> Option<String> {
    Some(line(text, max)).filter(|name| !name.is_empty())
}

/// The first `max` characters; a text that was longer ends with `…` as its last one.
pub fn cut(text: &str, max: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(max) else {
        return text.to_owned();
    };
    let Some((last, _)) = text[..end].char_indices().next_back() else {
        return String::new();
    };
    let mut short = text[..last].trim_end().to_owned();
    short.push('…');
    short
}

/// The part of a text that is processed: far more than `max` characters, but cheap for a text of megabytes.
fn head(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max.saturating_mul(64).saturating_add(4096))]
}

/// The text without invisible characters: control characters become spaces, format characters are removed.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if is_hidden(char) {
            // Joiners are needed in Persian, Indic scripts and emoji, but not between Latin letters.
            let joins = matches!(char, '\u{200c}' | '\u{200d}')
                && out.chars().next_back().is_some_and(is_joinable)
                && chars
                    .peek()
                    .is_some_and(|next| is_joinable(*next) && !is_mark(*next));
            if joins {
                out.push(char);
            }
            continue;
        }
        marks = if is_mark(char) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            continue;
        }
        out.push(match char {
            char if is_blank(char) => ' ',
            char if is_noncharacter(char) => '\u{fffd}',
            char => char,
        });
    }
    out
}

/// Characters that are, or look like, a space or a line end.
fn is_blank(char: char) -> bool {
    char.is_control()
        || char.is_whitespace()
        || matches!(
            char,
            '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        )
}

/// Whether a joiner next to this character may have a meaning.
fn is_joinable(char: char) -> bool {
    !char.is_ascii() && !is_hidden(char) && !is_blank(char)
}

/// Characters without a visible shape: zero width, direction, tags, and others that could hide or reorder text.
const fn is_hidden(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Combining marks of blocks with only marks.
const fn is_mark(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Code points that Unicode reserves as noncharacters.
const fn is_noncharacter(char: char) -> bool {
    matches!(char, '\u{fdd0}'..='\u{fdef}') || (char as u32) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: C7
    #[test]
    fn a_line_is_one_line_without_hidden_characters() {
        let cases = [
            ("plain title", "plain title"),
            ("  two \t\r\n lines\u{2028}and\u{85}more ", "two lines and more"),
            ("nul\0in\u{7}side\u{1b}[31m", "nul in side [31m"),
            ("in\u{200b}vis\u{feff}i\u{ad}ble\u{2060}", "invisible"),
            ("\u{202e}gpj.exe\u{202c} \u{2066}x\u{2069}", "gpj.exe x"),
            ("tag\u{e0041}ged\u{e007f}", "tagged"),
            ("ad\u{200d}min", "admin"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}💻 works", "👩\u{200d}💻 works"),
            ("\u{3164}\u{2800}", ""),
            ("\u{fffe}x\u{fdd0}", "\u{fffd}x\u{fffd}"),
            ("Zürich 東京 é", "Zürich 東京 é"),
        ];
        for (raw, clean) in cases {
            assert_eq!(line(raw, 100), clean, "{raw:?}");
        }
        let tower = format!("a{}b", "\u{301}".repeat(500));
        assert_eq!(line(&tower, 100), format!("a{}b", "\u{301}".repeat(MAX_MARKS)));
    }

    // promise: C7
    #[test]
    fn a_name_has_only_visible_characters() {
        assert_eq!(
            name(" Mara\u{202e}\u{200b} Lind\0 ", 100).as_deref(),
            Some("Mara Lind")
        );
        assert_eq!(name("\u{200b}\u{202e} \u{2066}", 100), None);
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\r\nb\n\n\n\n c \r d\u{2029}e\n", 100), "a\nb\n\nc\nd\ne");
        assert_eq!(block("\n\n\n", 100), "");
    }

    #[test]
    fn a_truncation_counts_characters_and_is_marked() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("ab cd", 4), "ab…");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(line(&"x".repeat(9_000_000), 200).chars().count(), 200);
    }

    proptest::proptest! {
        // promise: C7
        #[test]
        fn cleaning_is_idempotent_and_limited(text in "\\PC*|[\\x00-\\x{10ffff}]*", max in 0_usize..80) {
            let once = line(&text, max);
            proptest::prop_assert!(once.chars().count() <= max);
            let joiner = |char| matches!(char, '\u{200c}' | '\u{200d}');
            let clean = once.chars().all(|char| !char.is_control() && (!is_hidden(char) || joiner(char)));
            proptest::prop_assert!(clean);
            proptest::prop_assert_eq!(line(&once, max), once);
        }
    }
}
