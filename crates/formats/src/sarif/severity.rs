//! How bad a result is, on Campanile's scale.
//!
//! Owns: SARIF's levels and what they stand for. Must not: know where they stand in a report.

use base::Severity;

/// The `level` of a result or rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    None,
    Note,
    Warning,
    Error,
}

impl Level {
    /// The words of the format.
    pub(super) const WORDS: &'static [&'static str] = &["none", "note", "warning", "error"];

    /// The level of a word.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "note" => Some(Self::Note),
            "warning" => Some(Self::Warning),
            "error" => Some(Self::Error),
            _ => None,
        }
    }

    /// The severity it stands for where there is no score.
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::None => Severity::Informational,
            Self::Note => Severity::Low,
            Self::Warning => Severity::Medium,
            Self::Error => Severity::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_level() {
        assert!(Level::WORDS.iter().all(|word| Level::of(word).is_some()));
    }
}
