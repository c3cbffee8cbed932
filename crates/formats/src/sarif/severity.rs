//! The severity of a result on Campanile's scale.
//!
//! Owns: SARIF's levels and their meaning, and the ratings of property bags. Must not: know where they are in a scan
//! report.

use base::{Severity, text};

use super::bag::Bag;
use crate::{Cvss, severity};

/// A severity, and the score it is based on.
pub(super) type Rating = (Severity, Option<f64>);

/// The rating of the first of these bags that has one: a score or a word.
///
/// # Errors
/// What is wrong with the first one, if none can be read.
pub(super) fn rated<'b>(bags: impl IntoIterator<Item = &'b Bag>) -> Result<Option<Rating>, String> {
    let mut unreadable = None;
    for bag in bags {
        let text = bag.security_severity.as_deref().unwrap_or_default();
        if let Some(severity) = severity::of_score(text) {
            return Ok(Some((severity, text.trim().parse().ok())));
        }
        // "none" may also mean that there is no rating.
        if text.trim().eq_ignore_ascii_case("none") {
            continue;
        }
        if let Some(severity) = severity::of_word(text) {
            return Ok(Some((severity, None)));
        }
        if severity::stated(text).is_err() {
            unreadable.get_or_insert(text);
        }
    }
    match unreadable {
        None => Ok(None),
        Some(text) => Err(format!(
            "security-severity: must be a score from 0 to 10, not `{}`",
            text::line(text, 40)
        )),
    }
}

/// The CVSS rating of these bags; `score` is the one that the severity is based on.
pub(super) fn cvss<'b>(bags: impl IntoIterator<Item = &'b Bag> + Clone, score: Option<f64>) -> Option<Cvss> {
    let vector = bags.clone().into_iter().map(|bag| bag.vector.as_str());
    let vector = vector
        .into_iter()
        .find(|vector| !vector.is_empty())
        .unwrap_or_default();
    let stated = bags.into_iter().find_map(|bag| {
        severity::of_score(&bag.score)?;
        bag.score.trim().parse().ok()
    });
    let version = vector
        .strip_prefix("CVSS:")
        .and_then(|rest| rest.split('/').next());
    let cvss = Cvss {
        version: version.unwrap_or_default().to_owned(),
        vector: vector.to_owned(),
        score: score.or(stated),
    };
    (cvss != Cvss::default()).then_some(cvss)
}

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

    /// The severity it means if there is no score.
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
