//! Severities on Campanile's scale.
//!
//! Owns: the mapping of CVSS scores and of the words that most tools share. Must not: know the scale of one tool.

use base::Severity;

/// The severity of a CVSS score from 0 to 10, by the bands of the CVSS 3.1 specification (section 5, "Qualitative
/// Severity Rating Scale"); none for anything else.
pub(crate) fn of_score(score: &str) -> Option<Severity> {
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

/// The severity of a word that most tools share; none for any other, such as `unknown`.
pub(crate) fn of_word(word: &str) -> Option<Severity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "urgent" => Severity::Urgent,
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" | "moderate" => Severity::Medium,
        "low" => Severity::Low,
        "info" | "informational" | "information" | "none" | "negligible" => Severity::Informational,
        _ => return None,
    })
}

/// Whether a word is on the scale, or means unknown. Severities are never guessed.
///
/// # Errors
/// What is wrong with any other word.
pub(crate) fn stated(word: &str) -> Result<(), String> {
    let known = matches!(
        word.trim().to_ascii_lowercase().as_str(),
        "" | "unknown" | "unspecified"
    );
    if known || of_word(word).is_some() {
        return Ok(());
    }
    let word = base::text::line(word, 40);
    Err(format!("unknown severity `{word}`"))
}

/// The most severe of these scores; none if none is valid.
pub(crate) fn of_scores<'t>(scores: impl IntoIterator<Item = &'t str>) -> Option<Severity> {
    scores.into_iter().filter_map(of_score).max()
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
    fn words_are_read_in_any_case() {
        assert_eq!(of_word(" HIGH "), Some(Severity::High));
        assert_eq!(of_word("Negligible"), Some(Severity::Informational));
        assert_eq!(of_word("unknown"), None);
        assert!(stated("UNKNOWN").is_ok() && stated("").is_ok() && stated("Low").is_ok());
        assert_eq!(stated("weird"), Err("unknown severity `weird`".to_owned()));
        assert_eq!(of_scores(["x", "9.8", "4.0"]), Some(Severity::Critical));
    }
}
