//! What an import and undoing it did, in numbers.

use std::collections::BTreeMap;

use base::Severity;
use serde::Serialize;

/// How many findings of each severity were created, reopened, became more severe and were closed.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = ImportSeverities)]
pub struct Severities {
    /// New ones.
    pub created: BTreeMap<Severity, u64>,
    /// Those that were closed and found again.
    pub reopened: BTreeMap<Severity, u64>,
    /// Those whose severity increased, by the new one.
    pub worse: BTreeMap<Severity, u64>,
    /// Those that are gone.
    pub closed: BTreeMap<Severity, u64>,
}

impl Severities {
    /// The highest severity among new, reopened and more severe findings; none if there are none.
    pub fn worst(&self) -> Option<Severity> {
        let news = [&self.created, &self.reopened, &self.worse];
        let severities = news.into_iter().flat_map(BTreeMap::iter);
        severities
            .filter(|(_, count)| **count > 0)
            .map(|(severity, _)| *severity)
            .max()
    }
}

/// The result of undoing an import.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = UndoCounts)]
pub struct UndoCounts {
    /// Findings that the import had reopened, now closed again.
    pub closed_again: u64,
    /// Findings that the import had closed, now open again.
    pub opened_again: u64,
    /// Findings that the import had created, now removed.
    pub removed: u64,
    /// Findings that users have changed since, left unchanged.
    pub kept: u64,
}

impl UndoCounts {
    pub(crate) fn add(&mut self, other: Self) {
        self.closed_again += other.closed_again;
        self.opened_again += other.opened_again;
        self.removed += other.removed;
        self.kept += other.kept;
    }
}
