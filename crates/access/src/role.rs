//! The role of a company's member.

store::words! {
    /// A role in one company. Ordered: each includes the permissions of those below.
    pub enum Role (Role, "a role") {
        /// Can view everything of the company.
        Viewer "viewer",
        /// Works on findings.
        Analyst "analyst",
        /// Manages the company's projects, scans and teams.
        Manager "manager",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_ordered_and_reads_back() {
        assert!(Role::ALL.is_sorted_by(|low, high| low < high));
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        let refused = "Manager".parse::<Role>().unwrap_err().to_string();
        assert_eq!(refused, "must be one of viewer, analyst, manager");
    }
}
