//! CVSS ratings in scan reports.
//!
//! Owns: the version of a vector, and which of several ratings is kept. Must not: calculate scores.

use crate::Cvss;

/// A rating; none if there is neither vector nor score. `version` applies if the vector does not state one.
pub(crate) fn of(vector: &str, version: &str, score: &str) -> Option<Cvss> {
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    // As Nessus writes version 2.
    let vector = vector.strip_prefix("CVSS2#").unwrap_or(vector);
    let score = score
        .trim()
        .parse()
        .ok()
        .filter(|score| (0.0..=10.0).contains(score));
    if vector.is_empty() && score.is_none() {
        return None;
    }
    let own = vector
        .strip_prefix("CVSS:")
        .and_then(|rest| rest.split('/').next());
    let version = own.unwrap_or(if vector.starts_with("AV:") { "2.0" } else { version });
    Some(Cvss {
        version: version.to_owned(),
        vector: vector.to_owned(),
        score,
    })
}

/// The most severe of some ratings; of equal ones that of the newest version, and then one with a vector.
pub(crate) fn worst(ratings: impl IntoIterator<Item = Cvss>) -> Option<Cvss> {
    ratings.into_iter().reduce(|best, other| {
        let rank = |one: &Cvss| (one.score.unwrap_or(-1.0), one.version.clone(), one.vector.clone());
        if rank(&other) > rank(&best) { other } else { best }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_has_the_version_of_its_vector() {
        let version = |vector, version| of(vector, version, "5").unwrap().version;
        assert_eq!(version("CVSS:3.1/AV:N", "3.0"), "3.1");
        assert_eq!(version("AV:N/AC:M/Au:N/C:N/I:P/A:N", ""), "2.0");
        assert_eq!(version("CVSS2#AV:N/AC:M/Au:N/C:N/I:P/A:N", ""), "2.0");
        assert_eq!(of("(AV:N/AC:M)", "", "").unwrap().vector, "AV:N/AC:M");
        assert_eq!(version("(AV:N/AC:M/Au:N/C:N/I:P/A:N)", ""), "2.0");
        assert_eq!(version("", "4.0"), "4.0");
        assert_eq!(of("", "3.1", "x"), None);
        assert_eq!(of("CVSS:4.0/AV:N", "", "11").unwrap().score, None);
    }

    #[test]
    fn the_worst_rating_is_kept_in_any_order() {
        let one = |version: &str, score: &str| of("", version, score).unwrap();
        let ratings = [
            one("2.0", "7.5"),
            one("3.1", "9.8"),
            one("4.0", "9.8"),
            one("3.1", "4"),
        ];
        let back = ratings.iter().rev().cloned();
        assert_eq!(worst(ratings.clone()), Some(one("4.0", "9.8")));
        assert_eq!(worst(back), Some(one("4.0", "9.8")));
        assert_eq!(worst([]), None);
    }
}
