//! The scale of severities.

crate::words! {
    /// How severe it is. Ordered: `Informational < Low < Medium < High < Critical < Urgent`.
    #[expect(missing_docs, reason = "the names are the documentation")]
    pub enum Severity (Severity) {
        Informational "informational",
        Low "low",
        Medium "medium",
        High "high",
        Critical "critical",
        Urgent "urgent",
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
        let refused = "Critical".parse::<Severity>().unwrap_err().to_string();
        assert_eq!(
            refused,
            "must be one of informational, low, medium, high, critical, urgent"
        );
    }
}
