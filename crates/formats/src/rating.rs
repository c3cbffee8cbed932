//! A CVSS rating out of its vector and its score.
//!
//! Owns: the ways in which reports about hosts and sites write them. Must not: rate.

use crate::Cvss;

/// The rating of a vector and a score, either of which may be blank. `version` is that of a vector that does not say
/// its own.
pub(crate) fn of(vector: &str, score: &str, version: &str) -> Option<Cvss> {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    let vector = vector.strip_prefix("CVSS2#").unwrap_or(vector);
    let score = score.trim().parse().ok();
    let score = score.filter(|score| (0.0..=10.0).contains(score));
    if vector.is_empty() && score.is_none() {
        return None;
    }
    let own = vector
        .strip_prefix("CVSS:")
        .and_then(|rest| rest.split_once('/'))
        .map(|(version, _)| version)
        .or_else(|| vector.contains("/Au:").then_some("2.0"));
    Some(Cvss {
        version: own.unwrap_or(version).to_owned(),
        vector: vector.to_owned(),
        score,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_says_its_version() {
        let rating = |vector: &str, score: &str, version: &str| {
            of(vector, score, version).map(|cvss| (cvss.version, cvss.vector, cvss.score))
        };
        let made = |version: &str, vector: &str, score| Some((version.to_owned(), vector.to_owned(), score));
        let v2 = "AV:N/AC:L/Au:N/C:C/I:C/A:C";
        assert_eq!(
            rating(&format!("CVSS2#{v2}"), "10.0", ""),
            made("2.0", v2, Some(10.0))
        );
        assert_eq!(rating(&format!("({v2})"), "", ""), made("2.0", v2, None));
        assert_eq!(
            rating("CVSS:3.1/AV:N", "9.8", ""),
            made("3.1", "CVSS:3.1/AV:N", Some(9.8))
        );
        assert_eq!(rating("", "7", "2.0"), made("2.0", "", Some(7.0)));
        assert_eq!(rating("", "98", ""), None);
        assert_eq!(rating("", "NaN", ""), None);
    }
}
