//! A row of any of the statements, as an entry.

use base::{Id, Severity, Time};
use store::{Error, FromRow, Row};

use super::item::{Item, Kind, Stamps};
use crate::{Named, column};

/// The columns of [`sql`](super::sql), in their order.
pub(super) struct Due {
    pub(super) entity_id: Id,
    title: String,
    pub(super) at: Time,
    ends_at: Option<Time>,
    severity: Option<Severity>,
    status: String,
    pub(super) company: Named,
    minimal: bool,
    project: Option<Named>,
    stamps: Option<Stamps>,
}

impl FromRow for Due {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let severity: String = row.get(4)?;
        Ok(Self {
            entity_id: row.get(0)?,
            title: row.get(1)?,
            at: row.get(2)?,
            ends_at: column::time(row, 3)?,
            // An unknown value of a later version does not hide the rest.
            severity: severity.parse().ok(),
            status: row.get(5)?,
            company: Named {
                id: row.get(6)?,
                name: row.get(7)?,
            },
            minimal: row.get(8)?,
            project: column::named(row, 9)?,
            stamps: stamps(row)?,
        })
    }
}

impl Due {
    pub(super) fn item(self, kind: Kind) -> Item {
        Item {
            id: format!("{}:{}", kind.name(), self.entity_id),
            kind,
            title: self.title,
            at: self.at,
            ends_at: self.ends_at,
            entity_id: self.entity_id,
            severity: self.severity,
            status: self.status,
            company: self.company,
            minimal: self.minimal,
            project: self.project,
            stamps: self.stamps,
        }
    }
}

/// None if they were not read.
fn stamps(row: &Row) -> Result<Option<Stamps>, Error> {
    let Some(created_at) = column::time(row, 11)? else {
        return Ok(None);
    };
    let updated_at = row.get(12)?;
    Ok(Some(Stamps {
        created_at,
        updated_at,
    }))
}
