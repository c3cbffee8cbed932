//! Text in bodies: how long it may be and what it may contain.
//!
//! Owns: limits and characters, so that texts can be stored in every database (PostgreSQL refuses NUL) and
//! shown on one line. Must not: escape anything; each channel does that for itself.

use crate::problem::{FieldError, Problem};

/// Invalid fields, for callers that know nothing about HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(pub Vec<FieldError>);

/// Collects invalid fields, so that one response reports all of them.
#[derive(Debug, Clone, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// Nothing is wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value; or notes the error and returns the type's default.
    pub fn take<T: Default>(&mut self, value: Result<T, FieldError>) -> T {
        value.unwrap_or_else(|error| {
            self.0.push(error);
            T::default()
        })
    }

    /// One line of at most `max` characters, trimmed, not empty. See [`line`].
    pub fn line(&mut self, field: &str, text: &str, max: usize) -> String {
        self.take(line(field, text, max))
    }

    /// The name of a user, a company, a team or a record. See [`name`].
    pub fn name(&mut self, field: &str, text: &str, max: usize) -> String {
        self.take(name(field, text, max))
    }

    /// One line of at most `max` characters, trimmed, possibly empty. See [`optional_line`].
    pub fn optional_line(&mut self, field: &str, text: &str, max: usize) -> String {
        self.take(optional_line(field, text, max))
    }

    /// Text of at most `max` characters with visible content. See [`statement`].
    pub fn statement(&mut self, field: &str, text: &str, max: usize) -> String {
        self.take(statement(field, text, max))
    }

    /// Text of at most `max` characters, line ends allowed. See [`block`].
    pub fn block(&mut self, field: &str, text: &str, max: usize) -> String {
        self.take(block(field, text, max))
    }

    /// Notes an error in a field.
    pub fn note(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::new(field, detail));
    }

    /// Notes it unless `fits`.
    pub fn that(&mut self, fits: bool, field: &str, detail: &str) {
        if !fits {
            self.note(field, detail);
        }
    }

    /// Ends the check.
    ///
    /// # Errors
    /// 422 with everything that was noted.
    pub fn done(self) -> Result<(), Problem> {
        Ok(self.valid()?)
    }

    /// Ends the check.
    ///
    /// # Errors
    /// Everything that was noted.
    pub fn valid(self) -> Result<(), Invalid> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Invalid(self.0))
        }
    }
}

/// One line, trimmed: not empty, at most `max` characters, no control characters.
pub fn line(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let line = optional_line(field, text, max)?;
    if line.is_empty() {
        return Err(FieldError::new(field, "must not be empty"));
    }
    Ok(line)
}

/// As [`line`], but possibly empty. The length includes what is trimmed: a schema applies to the whole text.
pub fn optional_line(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    fits(field, text, max)?;
    if text
        .chars()
        .any(|char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}'))
    {
        return Err(FieldError::new(field, "must not contain control characters"));
    }
    Ok(text.trim().to_owned())
}

/// A name: a [`line`] without invisible characters and those that change the text direction, with something visible left.
pub fn name(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let line = line(field, text, max)?;
    base::text::name(&line, max).ok_or_else(|| FieldError::new(field, "must not be empty"))
}

/// Text of several lines, possibly empty: at most `max` characters, no control characters but tab and line ends.
/// CR LF and CR become LF.
pub fn block(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    fits(field, text, max)?;
    if text
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\t' | '\n' | '\r'))
    {
        return Err(FieldError::new(field, "must not contain control characters"));
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A [`block`] with visible content, trimmed.
pub fn statement(field: &str, text: &str, max: usize) -> Result<String, FieldError> {
    let block = block(field, text, max)?;
    if base::text::block(&block, max).is_empty() {
        return Err(FieldError::new(field, "must not be empty"));
    }
    Ok(block.trim().to_owned())
}

/// The longest email address, in characters.
pub const EMAIL: usize = 254;

/// An email address, trimmed: ASCII, one `@`, something on both sides, at most 254 characters.
pub fn email(field: &str, text: &str) -> Result<String, FieldError> {
    let text = line(field, text.trim(), EMAIL)?;
    let plain = |part: &str, extra: &[u8]| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
    };
    match text.split_once('@') {
        Some((local, domain))
            if local.len() <= 64 && plain(local, b"!#$%&'*+-/=?^_`{|}~.") && plain(domain, b"-.") =>
        {
            Ok(text)
        }
        _ => Err(FieldError::new(field, "must be an email address")),
    }
}

/// The canonical form of an address: trimmed, lower case.
pub fn email_key(text: &str) -> String {
    text.trim().to_lowercase()
}

fn fits(field: &str, text: &str, max: usize) -> Result<(), FieldError> {
    // A character has at most four bytes: most texts are accepted without counting.
    if text.len() > max && (text.len() > max.saturating_mul(4) || text.chars().count() > max) {
        return Err(FieldError::new(
            field,
            format!("must have at most {max} characters"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_bounded_length() {
        assert_eq!(
            line("name", " Ünï \u{1f600} ", 10).as_deref(),
            Ok("Ünï \u{1f600}")
        );
        assert_eq!(line("name", "ääää", 4).as_deref(), Ok("ääää"));
        for bad in [
            "",
            "  \t ",
            "a\0b",
            "a\nb",
            "a\u{2028}b",
            "a\u{7f}b",
            "a\u{85}b",
            "äääää",
        ] {
            assert!(line("name", bad, 4).is_err(), "{bad:?}");
        }
    }

    // promise: C7
    #[test]
    fn invisible_characters_are_removed_from_names() {
        assert_eq!(
            name("name", " Ma\u{200b}ra \u{202e}Lind\u{2069}", 20).as_deref(),
            Ok("Mara Lind")
        );
        for bad in ["", "\u{200b}\u{202e}", "a\0b", "a\nb", &"x".repeat(21)] {
            assert!(name("name", bad, 20).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("text", "a\r\nb\rc\n\td", 20).as_deref(), Ok("a\nb\nc\n\td"));
        assert_eq!(block("text", "", 20).as_deref(), Ok(""));
        assert!(block("text", "a\0", 20).is_err());
        assert!(block("text", &"x".repeat(21), 20).is_err());
    }

    #[test]
    fn an_address_is_plain() {
        for good in ["a@b", "First.Last+tag@mail.example.org", " x_y@localhost "] {
            assert!(email("email", good).is_ok(), "{good}");
        }
        let long = format!("{}@example.org", "x".repeat(65));
        for bad in [
            "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a\"@b", "a@b>", "ä@b", "a@.b", "a..b@c",
            "a,b@c", "a\r\n@b", &long,
        ] {
            assert!(email("email", bad).is_err(), "{bad:?}");
        }
        assert_eq!(email_key(" Ada@Example.ORG "), "ada@example.org");
    }

    #[test]
    fn one_response_reports_all_errors() {
        let mut check = Check::new();
        check.line("name", "", 10);
        check.take(email("email", "x"));
        check.that(1 > 2, "count", "is too small");
        let problem = check.done().unwrap_err();
        let fields: Vec<_> = problem
            .errors()
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        assert_eq!(fields, ["name", "email", "count"]);
        assert!(Check::new().done().is_ok());
    }
}
