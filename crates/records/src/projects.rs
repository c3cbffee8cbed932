//! Projects: what findings and scans of a company belong together, from a day to a day.
//!
//! Owns: the table `projects` and each change of it with its event. Must not: change a finding or a scan.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, held, in_company, list};

use std::{fmt, str::FromStr};

use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::{FromValue, Value};

use crate::{Date, Named};

/// Where a project stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProjectStatus)]
pub enum Status {
    /// It is yet to start.
    Planned,
    /// It is going on.
    Active,
    /// It is over.
    Completed,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: Id,
    /// The company it is of.
    pub company: Named,
    /// Its name, in a line.
    pub name: String,
    /// What it is about; may be empty.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Status {
    /// All of them, in the order of a project's life.
    pub const ALL: [Self; 3] = [Self::Planned, Self::Active, Self::Completed];

    /// The name in the API and in storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Completed => "completed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| "it is not one of planned, active, completed".to_owned())
    }
}

impl FromValue for Status {
    const WHAT: &'static str = "a project's status";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl From<Status> for Value {
    fn from(status: Status) -> Self {
        Self::Text(status.name().to_owned())
    }
}
