//! The role of a company's member.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use store::FromValue;

/// A role in one company. Ordered: each includes the permissions of those below.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Can view everything of the company.
    Viewer,
    /// Works on findings.
    Analyst,
    /// Manages the company's projects, scans and teams.
    Manager,
}

/// The text is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a role: expected viewer, analyst or manager")]
pub struct NotARole;

impl Role {
    /// All of them, lowest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Manager];

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Manager => "manager",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = NotARole;
    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(NotARole)
    }
}

impl From<Role> for store::Value {
    fn from(role: Role) -> Self {
        Self::Text(role.name().to_owned())
    }
}

impl FromValue for Role {
    const WHAT: &'static str = "a role";
    fn from_value(value: &store::Value) -> Option<Self> {
        match value {
            store::Value::Text(text) => text.parse().ok(),
            _ => None,
        }
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
        assert_eq!("Manager".parse::<Role>(), Err(NotARole));
    }
}
