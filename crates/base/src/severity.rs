//! The scale of severities.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How severe it is. Ordered: `Informational < Low < Medium < High < Critical < Urgent`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
    Urgent,
}

/// The text is not a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a severity: expected informational, low, medium, high, critical or urgent")]
pub struct NotASeverity;

impl Severity {
    /// All of them, lowest first.
    pub const ALL: [Self; 6] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
        Self::Urgent,
    ];

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Urgent => "urgent",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Severity {
    type Err = NotASeverity;
    fn from_str(text: &str) -> Result<Self, NotASeverity> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == text)
            .ok_or(NotASeverity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: V1
    #[test]
    fn is_ordered_and_reads_back() {
        assert!(Severity::ALL.is_sorted_by(|low, high| low < high));
        let names: Vec<_> = Severity::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names.join(" "), "informational low medium high critical urgent");
        for severity in Severity::ALL {
            assert_eq!(severity.name().parse(), Ok(severity));
        }
        assert_eq!("Critical".parse::<Severity>(), Err(NotASeverity));
    }
}
