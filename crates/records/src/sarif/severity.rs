//! How bad a result is, on Campanile's scale.
//!
//! Owns: SARIF's levels, and the mapping of them and of CVSS scores. Must not: know where they stand in a report.

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

/// The severity of a `security-severity`: a CVSS score from 0 to 10 in the bands of CVSS 3; none for anything else.
pub(super) fn of_score(score: &str) -> Option<Severity> {
    let score: f64 = score.trim().parse().ok()?;
    if !(0.0..=10.0).contains(&score) {
        return None;
    }
    Some(match score {
        score if score >= 9.0 => Severity::Critical,
        score if score >= 7.0 => Severity::High,
        score if score >= 4.0 => Severity::Medium,
        score if score > 0.0 => Severity::Low,
        _ => Severity::Informational,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_fall_into_their_bands() {
        for (score, severity) in [
            ("0", Severity::Informational),
            ("0.0", Severity::Informational),
            ("0.1", Severity::Low),
            ("3.9", Severity::Low),
            ("4.0", Severity::Medium),
            ("6.9", Severity::Medium),
            ("7.0", Severity::High),
            (" 8.9", Severity::High),
            ("9", Severity::Critical),
            ("10.0", Severity::Critical),
        ] {
            assert_eq!(of_score(score), Some(severity), "{score}");
        }
        for bad in ["", "high", "-1", "10.1", "NaN", "inf", "1e300"] {
            assert_eq!(of_score(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_word_is_a_level() {
        assert!(Level::WORDS.iter().all(|word| Level::of(word).is_some()));
    }
}
