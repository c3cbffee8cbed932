//! Requirements for new passwords.
//!
//! Owns: the rules, and the list of common passwords. Must not: hash a password, keep it, or repeat it in an error.

use std::{collections::HashSet, sync::LazyLock};

use crate::{Secret, problem::FieldError, validate};

/// The minimum length of a password, in characters.
pub(crate) const MIN: usize = 12;

/// The maximum length of a password, in characters.
pub(crate) const MAX: usize = 256;

/// One per line, in lower case; the README next to it names the source.
const COMMON: &str = include_str!("../data/common-passwords.txt");

static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON.lines().collect());

/// Checks that a text may become the password of the account with this email address. Existing passwords are not
/// checked again.
pub fn acceptable(field: &str, password: &Secret, email: &str) -> Result<(), FieldError> {
    fault(password.expose(), email).map_or(Ok(()), |fault| Err(FieldError::new(field, fault)))
}

fn fault(password: &str, email: &str) -> Option<String> {
    // The end of a longer one would be ignored.
    if password.chars().nth(MAX).is_some() {
        return Some(format!("must have at most {MAX} characters"));
    }
    if password.chars().count() < MIN {
        return Some(format!("must have at least {MIN} characters"));
    }
    let plain = password.trim().to_lowercase();
    if plain.is_empty() {
        return Some("must not consist of spaces only".to_owned());
    }
    if is_part_of(&plain, &validate::email_key(email)) {
        return Some("must not be the account's own email address or a part of it".to_owned());
    }
    let common = KNOWN.contains(plain.as_str());
    common.then(|| "must not be one of the most common passwords".to_owned())
}

/// Whether it is this address, or the part before or after its `@`.
fn is_part_of(plain: &str, address: &str) -> bool {
    plain == address || address.split('@').any(|part| part == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<String> {
        fault(password, "Head.Of.Security@Mail.Example.org")
    }

    // issue 18, line 4
    #[test]
    fn a_password_has_a_minimum_and_maximum_length() {
        for (length, fits) in [(0, false), (11, false), (12, true), (256, true), (257, false)] {
            assert_eq!(refused(&"ä".repeat(length)).is_none(), fits, "{length}");
        }
    }

    // issue 18, line 4
    #[test]
    fn all_characters_and_spaces_are_allowed() {
        for good in [
            "correct horse battery",
            "  blanks around ",
            "onlylowercaseletters",
            "730916485203",
            "Пароль который никто не угадает",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
        for blank in [" ".repeat(12), "\t\u{a0}\u{3000}".repeat(5)] {
            assert!(refused(&blank).unwrap().contains("spaces only"), "{blank:?}");
        }
    }

    // issue 18, line 4
    #[test]
    fn common_passwords_and_the_own_address_are_refused_regardless_of_case() {
        for common in ["password1234", "PassWord1234", " qwertyuiop123 ", "123456789012"] {
            assert!(refused(common).unwrap().contains("most common"), "{common}");
        }
        for own in [
            "head.of.security@mail.example.org",
            "HEAD.OF.SECURITY",
            "mail.example.org",
        ] {
            assert!(refused(own).unwrap().contains("own email address"), "{own}");
        }
        assert_eq!(refused("head.of.security of mail"), None);
        assert_eq!(fault("head.of.security", ""), None, "without an address");
    }

    #[test]
    fn the_list_is_in_lower_case() {
        assert_eq!((COMMON.lines().count(), KNOWN.len()), (10_000, 10_000));
        for line in COMMON.lines() {
            let compared = line.trim().to_lowercase();
            assert!(compared == line && line.chars().count() >= MIN, "{line}");
        }
    }
}
