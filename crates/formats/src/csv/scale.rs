//! What the severities of a table mean.
//!
//! Owns: the supported words and numbers, and when a scale counts as stated. Must not: guess.

use base::Severity;

use crate::severity;

/// A scale of severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Words, or CVSS scores.
    Words,
    /// 5 is critical, 1 is informational (Qualys).
    FiveIsWorst,
    /// testssl's words.
    Testssl,
}

/// What a cell states about the severity.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stated {
    /// This severity.
    Is(Severity),
    /// Not a problem.
    Passed,
    /// Could not be tested.
    Untested,
    /// A whole number from 0 to 5 without a stated scale.
    Bare,
    /// Unknown.
    Unknown,
}

impl Scale {
    pub(super) fn read(self, cell: &str) -> Stated {
        let word = cell.trim().to_ascii_lowercase();
        let known = match (self, word.as_str()) {
            (Self::FiveIsWorst, "5") => Some(Severity::Critical),
            (Self::FiveIsWorst, "4") | (Self::Words, "important") => Some(Severity::High),
            (Self::FiveIsWorst, "3") => Some(Severity::Medium),
            (Self::FiveIsWorst, "2") => Some(Severity::Low),
            (Self::FiveIsWorst, "1") | (Self::Words, "log") => Some(Severity::Informational),
            (Self::Testssl, "ok") => return Stated::Passed,
            (Self::Testssl, "warn" | "fatal" | "debug") => return Stated::Untested,
            (Self::FiveIsWorst | Self::Testssl, word) => severity::of_word(word),
            (Self::Words, word) if bare(word) => return Stated::Bare,
            (Self::Words, word) => severity::of_word(word).or_else(|| severity::of_score(word)),
        };
        known.map_or(Stated::Unknown, Stated::Is)
    }
}

/// Whether this is a whole number from 0 to 5, as in scales with a few steps, and occasionally CVSS.
pub(super) fn bare(cell: &str) -> bool {
    matches!(cell.trim(), "0" | "1" | "2" | "3" | "4" | "5")
}

/// Whether this must be a CVSS score: it has a fraction or is above 5.
pub(super) fn is_score(cell: &str) -> bool {
    !bare(cell) && severity::of_score(cell).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: P7
    #[test]
    fn a_bare_number_is_on_no_scale() {
        for number in ["0", "1", "3", " 5 "] {
            assert_eq!(Scale::Words.read(number), Stated::Bare);
        }
        assert_eq!(Scale::Words.read("5.0"), Stated::Is(Severity::Medium));
        assert_eq!(Scale::Words.read("Severe"), Stated::Unknown);
        assert_eq!(Scale::Words.read("P1"), Stated::Unknown);
        assert_eq!(Scale::FiveIsWorst.read("5"), Stated::Is(Severity::Critical));
        assert_eq!(Scale::FiveIsWorst.read("0"), Stated::Unknown);
        assert_eq!(Scale::Testssl.read("WARN"), Stated::Untested);
        assert!(is_score("9") && is_score("4.0") && !is_score("4") && !is_score("11") && !is_score("x"));
    }
}
