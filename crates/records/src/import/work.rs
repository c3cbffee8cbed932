//! What an import works on.

use base::{Id, Time};

use crate::{By, Named, Place, Settings, findings::responsible::ByRule};

/// What stays the same for all portions of an import.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) place: Place,
    /// Who imports, and into which scan.
    pub(super) by: By,
    /// The scan; none for a preview.
    pub(super) scan: Option<Id>,
    pub(super) targets: Vec<Slot>,
    /// The settings of all companies. Each portion reads this company's: an import may take long.
    pub(super) settings: Settings,
    /// The ownership rules at the start of the import.
    pub(super) rules: ByRule,
}

/// A target of an import.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Its id; none for a preview with a target that does not exist yet.
    pub(super) id: Option<Id>,
    pub(super) tool: String,
    pub(super) name: String,
    /// When the scan report was created, by its own clock if it has one.
    pub(super) reported_at: Time,
    /// Whether a later scan report is known: then only findings that do not exist yet are added.
    pub(super) older: bool,
    /// The asset with this identifier.
    pub(super) asset: Option<Named>,
}

impl Slot {
    /// Its id with its name.
    pub(super) fn named(&self) -> Option<Named> {
        self.id.map(|id| Named {
            id,
            name: self.name.clone(),
        })
    }
}
