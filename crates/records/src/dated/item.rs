//! What is due: one entry, and the request for a page of them.

use base::{Id, Scope, Severity, SubjectType, Time};

use crate::{Date, Named};

base::words! {
    /// Why something is on the calendar.
    pub enum Kind (CalendarKind) {
        /// A project starts.
        ProjectStart "project_start",
        /// A project ends.
        ProjectEnd "project_end",
        /// A scan is scheduled, or has started and is running.
        Scan "scan",
        /// The SLA deadline of an open finding.
        SlaDue "sla_due",
        /// The retest deadline of an open finding.
        RetestDue "retest_due",
        /// The last day of a framework agreement.
        AgreementExpiry "agreement_expiry",
        /// A risk acceptance expires.
        AcceptanceEnd "acceptance_end",
    }
}

impl Kind {
    /// What kind of record it is about.
    pub const fn entity(self) -> SubjectType {
        match self {
            Self::ProjectStart | Self::ProjectEnd => SubjectType::Project,
            Self::Scan => SubjectType::Scan,
            Self::SlaDue | Self::RetestDue => SubjectType::Finding,
            Self::AgreementExpiry => SubjectType::Agreement,
            Self::AcceptanceEnd => SubjectType::Approval,
        }
    }

    /// Whether it can belong to one person. The others belong to a company.
    pub const fn is_personal(self) -> bool {
        matches!(self.entity(), SubjectType::Finding)
    }

    /// Whether it has a date without a time: it is on that day in every time zone.
    pub const fn is_whole_day(self) -> bool {
        matches!(
            self,
            Self::ProjectStart | Self::ProjectEnd | Self::AgreementExpiry
        )
    }
}

/// A request for entries.
#[derive(Debug, Clone)]
pub struct Query {
    /// What the caller may see.
    pub scope: Scope,
    /// Only of this company.
    pub company: Option<Id>,
    /// Only deadlines of findings assigned to this person directly, and nothing that is a company's (promise K3).
    pub assigned_to: Option<Id>,
    /// Only these kinds.
    pub kinds: Vec<Kind>,
    /// From this time on, for entries with a time.
    pub from: Time,
    /// Until before this time, for entries with a time.
    pub to: Time,
    /// From this day on, for entries with a day: the day of `from` in the reader's zone.
    pub first_day: Date,
    /// Up to and including this day: the day of the last instant before `to`.
    pub last_day: Date,
    /// Whether [`Stamps`] are wanted, too. Then every finding is read; without them the indexes suffice.
    pub stamps: bool,
    /// Only entries after this one.
    pub after: Option<Cursor>,
    /// The maximum number of entries, earliest first.
    pub limit: u32,
}

/// One entry: a record and why it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Stable and unique: the kind and the record's id.
    pub id: String,
    /// Why it is there.
    pub kind: Kind,
    /// The record's title or name.
    pub title: String,
    /// When it is due; for an entry with a day, its midnight UTC.
    pub at: Time,
    /// When it ends, if it has a duration; for an entry with days, the midnight UTC of its last day.
    pub ends_at: Option<Time>,
    /// The record's id; the kind tells its type.
    pub entity_id: Id,
    /// The severity of a finding.
    pub severity: Option<Severity>,
    /// The record's status.
    pub status: String,
    /// The company it belongs to.
    pub company: Named,
    /// Whether its details must not be sent out: the company wants messages without details.
    pub minimal: bool,
    /// The project it belongs to, or is.
    pub project: Option<Named>,
    /// When the record was created and last updated, if requested.
    pub stamps: Option<Stamps>,
}

/// When a record was created and last updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    /// When the record was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}

impl Item {
    /// Its day, if it has one.
    pub fn day(&self) -> Option<Date> {
        self.kind.is_whole_day().then(|| Date::of(self.at))
    }

    /// Its last day, if it lasts for days.
    pub fn last_day(&self) -> Option<Date> {
        self.ends_at.filter(|_| self.kind.is_whole_day()).map(Date::of)
    }

    /// Where the next page begins.
    pub const fn cursor(&self) -> Cursor {
        Cursor {
            at: self.at,
            kind: self.kind,
            id: self.entity_id,
        }
    }

    /// The sort key of entries: their time, then their id.
    pub(super) fn key(&self) -> (Time, &str) {
        (self.at, &self.id)
    }
}

/// A position in the order of entries: that of the preceding entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) at: Time,
    pub(super) kind: Kind,
    pub(super) id: Id,
}

impl base::Cursor for Cursor {
    fn write(&self) -> String {
        (self.at.nanos(), self.kind, self.id).write()
    }

    fn read(text: &str) -> Option<Self> {
        base::Cursor::read(text).map(|(nanos, kind, id)| Self {
            at: Time::from_nanos(nanos),
            kind,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use base::{Clock, Cursor as _};

    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let id = Clock::system().id();
        for kind in Kind::ALL {
            let cursor = Cursor {
                at: Time::from_nanos(1_790_000_000_000_000_001),
                kind,
                id,
            };
            assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        }
        for bad in [format!("1~scam~{id}"), format!("1~{id}"), id.to_string()] {
            assert_eq!(Cursor::read(&bad), None, "{bad}");
        }
    }
}
