//! Which texts may become a password.
//!
//! Owns: the rules, and the list of common passwords. Must not: hash a password, keep it, or repeat it in an error.

use std::{collections::HashSet, sync::LazyLock};

use crate::{Secret, problem::FieldError, validate};

/// The fewest characters of a password.
pub(crate) const MIN: usize = 12;

/// The most characters of a password.
pub(crate) const MAX: usize = 256;

/// One in a line, in lower case; where it comes from is written beside it.
const COMMON: &str = include_str!("../data/common-passwords.txt");

static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON.lines().collect());

/// Whether a text may become the password of the account with this email address. Passwords that are in use are not
/// judged again.
pub fn acceptable(field: &str, password: &Secret, email: &str) -> Result<(), FieldError> {
    fault(password.expose(), email).map_or(Ok(()), |fault| Err(FieldError::new(field, fault)))
}

fn fault(password: &str, email: &str) -> Option<String> {
    // Of a longer one the end would not be looked at.
    if password.chars().nth(MAX).is_some() {
        return Some(format!("it is longer than {MAX} characters"));
    }
    if password.chars().count() < MIN {
        return Some(format!("it is shorter than {MIN} characters"));
    }
    let plain = password.trim().to_lowercase();
    if plain.is_empty() {
        return Some("it consists of blanks only".to_owned());
    }
    if is_part_of(&plain, &validate::email_key(email)) {
        return Some("it is the account's own email address or a part of it".to_owned());
    }
    let common = KNOWN.contains(plain.as_str());
    common.then(|| "it is one of the most common passwords".to_owned())
}

/// Whether it is this address, what is before its `@`, or what is behind it.
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
    fn a_password_is_neither_short_nor_endless() {
        for (length, fits) in [(0, false), (11, false), (12, true), (256, true), (257, false)] {
            assert_eq!(refused(&"ä".repeat(length)).is_none(), fits, "{length}");
        }
    }

    // issue 18, line 4
    #[test]
    fn any_kind_of_characters_does_and_blanks_do() {
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
            assert!(refused(&blank).unwrap().contains("blanks only"), "{blank:?}");
        }
    }

    // issue 18, line 4
    #[test]
    fn common_ones_and_ones_own_address_are_refused_in_any_case_of_letters() {
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
    fn the_list_is_as_it_is_compared() {
        assert_eq!((COMMON.lines().count(), KNOWN.len()), (10_000, 10_000));
        for line in COMMON.lines() {
            let compared = line.trim().to_lowercase();
            assert!(compared == line && line.chars().count() >= MIN, "{line}");
        }
    }
}
