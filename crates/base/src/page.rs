//! The console pages of each type of record.
//!
//! Owns: the table that messages, calendars and the console use for links; the console's copy is generated from it
//! (`console/src/format/record-pages.ts`). Must not: know a host; the code that builds a link prepends the public URL.

use crate::{Id, Subject, SubjectType};

impl SubjectType {
    /// The path of these records' pages, to be followed by the record's id. None for types without a page.
    pub const fn page(self) -> Option<&'static str> {
        match self {
            Self::Finding => Some("/findings/"),
            Self::Scan => Some("/scans/"),
            Self::Approval => Some("/approvals/"),
            Self::Report => Some("/reports/"),
            Self::Agreement => Some("/agreements/"),
            Self::Asset => Some("/assets/"),
            Self::Project => Some("/projects/"),
            Self::Notification | Self::Destination | Self::Announcement => None,
        }
    }

    /// The path of one record's page.
    pub fn path(self, id: Id) -> Option<String> {
        self.page().map(|page| format!("{page}{id}"))
    }
}

impl Subject {
    /// The path of its page in the console.
    pub fn path(self) -> Option<String> {
        self.kind.path(self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Clock;

    // promise: C8
    #[test]
    fn every_record_with_a_page_has_its_own() {
        let pages: Vec<_> = SubjectType::ALL
            .into_iter()
            .filter_map(SubjectType::page)
            .collect();
        let distinct: BTreeSet<_> = pages.iter().collect();
        assert_eq!(distinct.len(), pages.len());
        assert!(
            pages
                .iter()
                .all(|page| page.starts_with('/') && page.ends_with('/'))
        );
        let id = Clock::system().id();
        let asset = Subject {
            kind: SubjectType::Asset,
            id,
        };
        assert_eq!(asset.path(), Some(format!("/assets/{id}")));
        assert_eq!(SubjectType::Destination.path(id), None);
    }
}
