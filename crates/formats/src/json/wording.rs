//! Messages about invalid JSON.
//!
//! Owns: turning the parser's messages into sentences for the sender. Must not: know where in the file the fault is.

use base::text;
use serde_json::error::Category;

/// What is wrong, without the place, which is shown separately; truncated, since it may quote the scan report.
pub(crate) fn of(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    match error.classify() {
        Category::Eof => {
            let open = match message {
                "EOF while parsing a list" => "an array is not closed",
                "EOF while parsing an object" => "an object is not closed",
                "EOF while parsing a string" => "a string is not closed",
                _ => "a value is missing",
            };
            format!("the file ends too early: {open}")
        }
        Category::Syntax => syntax(message).to_owned(),
        Category::Data | Category::Io => unfit(message),
    }
}

/// What is not valid JSON.
fn syntax(message: &str) -> &'static str {
    match message {
        "expected `:`" => "a colon is missing after a key",
        "expected `,` or `]`" => "a comma or `]` is missing",
        "expected `,` or `}`" => "a comma or `}` is missing",
        "expected value" | "expected ident" => "a JSON value is missing or misspelled",
        "invalid number" => "a number is malformed",
        "number out of range" => "a number is too large",
        "key must be a string" | "expected `\"`" => "a key must be a string in double quotes",
        "trailing comma" => "a comma must not precede a closing bracket",
        "trailing characters" => "there is more text after the end of the JSON value",
        "recursion limit exceeded" => super::guard::TOO_DEEP,
        _ => "it is not valid JSON",
    }
}

/// A value of the wrong kind: `must be a string, not an array`. Other messages are returned as they are.
pub(crate) fn unfit(message: &str) -> String {
    let kind = message.strip_prefix("invalid type: ");
    let Some(rest) = kind.or_else(|| message.strip_prefix("invalid value: ")) else {
        return text::line(message, 300);
    };
    let (found, wanted) = rest.rsplit_once(", expected ").unwrap_or((rest, "another value"));
    let found = match (found.split_once(' '), found) {
        (_, "map") => "an object".to_owned(),
        (_, "sequence") => "an array".to_owned(),
        (_, "null" | "unit value" | "Option value") => "null".to_owned(),
        (Some(("string", _)), _) if kind.is_some() => "a string".to_owned(),
        (Some(("string", value)), _) => format!("`{}`", value.trim_matches('"')),
        (Some(("integer" | "boolean", value)), _) => value.to_owned(),
        (_, found) => found.strip_prefix("floating point ").unwrap_or(found).to_owned(),
    };
    text::line(&format!("must be {wanted}, not {found}"), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_wrong_kind_is_reported_in_plain_words() {
        for (message, expected) in [
            (
                "invalid type: map, expected a string",
                "must be a string, not an object",
            ),
            (
                "invalid type: sequence, expected a string",
                "must be a string, not an array",
            ),
            (
                "invalid type: integer `7`, expected a string",
                "must be a string, not `7`",
            ),
            (
                "invalid type: boolean `false`, expected a string",
                "must be a string, not `false`",
            ),
            (
                "invalid type: null, expected an object",
                "must be an object, not null",
            ),
            (
                "invalid value: floating point `1.5`, expected a whole number",
                "must be a whole number, not `1.5`",
            ),
            (
                "invalid type: string \"x, expected y\", expected an array",
                "must be an array, not a string",
            ),
            (
                "invalid value: string \"bad\", expected none or note",
                "must be none or note, not `bad`",
            ),
            ("there are more than 7 runs", "there are more than 7 runs"),
        ] {
            assert_eq!(unfit(message), expected);
        }
    }

    #[test]
    fn no_words_of_the_parser_remain() {
        for broken in [
            "",
            "{",
            "[1",
            "\"a",
            "{\"a\"",
            "{\"a\" 1}",
            "[1 2]",
            "{\"a\":1 2}",
            "[tru]",
            "[01]",
            "[1e999]",
            "{1:2}",
            "[1,]",
            "1 2",
            "[\u{1}]",
            "{\"a\":1,}",
            "[-]",
        ] {
            let error = serde_json::from_str::<serde_json::Value>(broken).unwrap_err();
            let message = of(&error);
            for noise in ["EOF", "expected", "trailing", "invalid", "line", "column"] {
                assert!(!message.contains(noise), "{broken}: {message}");
            }
        }
    }
}
