//! Assets: what findings are about, such as hosts, applications and repositories.
//!
//! Owns: the table `assets` and each change of it with its event. Must not: change a finding.

use base::Id;
use serde_json::Map;
use store::{Tx, params, words};

use crate::{
    Named, Refused,
    by::put,
    order::{self, Order, Sorted},
    record::{
        self, Rules,
        field::{Checking, Columns, Field},
        kinds::{Block, Initial, Line, Owners, Tags, Title, Word},
        record,
        schema::Property,
    },
};

words! {
    /// What kind of thing an asset is.
    pub enum Kind (AssetKind, "a kind of asset") {
        /// A program that people use.
        Application "application",
        /// Code.
        Repository "repository",
        /// A machine.
        Host "host",
        /// A DNS name.
        Domain "domain",
        /// A range of addresses.
        Network "network",
        /// A cloud account or service.
        Cloud "cloud",
        /// A container image or another package.
        Image "image",
        /// Something else.
        Other "other",
    }
}

words! {
    /// How important an asset is.
    pub enum Criticality (AssetCriticality, "an asset's criticality") {
        /// Little.
        Low "low",
        /// Some.
        Medium "medium",
        /// Much.
        High "high",
        /// Everything.
        Critical "critical",
    }
}

words! {
    /// The status of an asset.
    pub enum Status (AssetStatus, "an asset's status") {
        /// In use.
        Active "active",
        /// No longer in use; its findings are kept.
        Retired "retired",
    }
}

impl Initial for Kind {
    const INITIAL: Self = Self::Other;
}

impl Initial for Criticality {
    const INITIAL: Self = Self::Medium;
}

impl Initial for Status {
    const INITIAL: Self = Self::Active;
}

record! {
    /// An asset.
    pub struct Asset in "assets" {
        /// Its name.
        name: Title,
        /// What kind of thing it is.
        kind: Word<Kind>,
        /// Its address, URL or path.
        identifier: Line,
        /// Its description.
        description: Block,
        /// How important it is.
        criticality: Word<Criticality>,
        /// Its status.
        status: Word<Status> => skip,
        /// Who owns it: the owners are responsible for findings without assignees.
        owners: Owners => default,
        /// Its tags.
        tags: Tags => default,
    }
    created by NewAsset: "An asset to create.", AssetCreated;
    changed by AssetChange: "Changes of an asset; omitted fields stay unchanged.", AssetUpdated;
    deleted: AssetDeleted;
}

impl Sorted for Asset {
    const ORDERS: &'static [Order<Self>] = &[
        order::newest(),
        order::oldest(),
        order::up("updated_at", "r.updated_at", |asset| asset.updated_at.nanos()),
        order::down("-updated_at", "r.updated_at", |asset| asset.updated_at.nanos()),
    ];
    const ID: &'static str = "r.id";

    fn id(&self) -> Id {
        self.id
    }
}

// The index on the findings leaves out '', and SQLite must see that the value is not ''.
const FINDINGS: &str = "select id from findings where asset_id = $1 and asset_id <> '' limit 1";

impl Rules for Asset {
    fn is_free(&self, tx: &mut Tx<'_>) -> Result<(), Refused> {
        match tx.one::<(Id,)>(FINDINGS, params![self.id])? {
            None => Ok(()),
            Some(_) => Err(Refused::conflict("This asset has findings. Retire it instead.")),
        }
    }

    fn describe(&self, data: &mut Map<String, serde_json::Value>) {
        put(data, "asset_name", Some(&self.name));
        put(data, "title", Some(&self.name));
        put(data, "status", Some(self.status));
    }
}

/// An asset of this company, which cannot be deleted until the end of this transaction.
///
/// # Errors
/// 422 naming `asset_id`, for one of another company as for one that does not exist.
pub fn in_company(tx: &mut Tx<'_>, company: Id, id: Id) -> Result<Named, Refused> {
    record::in_company::<Asset>(tx, (company, id), ("asset_id", "must be an asset of the company"))
}

pub mod http {
    //! The handlers of assets: viewers read, analysts write, managers delete.

    use super::{Criticality, Kind, Status};

    crate::record::http::handlers! {
        Asset (NewAsset, AssetChange) at "/assets" and "/assets/{id}",
        called "asset", "an asset" and "assets",
        written by Analyst, deleted by Manager;
        filters {
            /// Only those of one of these kinds, separated by commas.
            kind: Kind,
            /// Only those in one of these statuses, separated by commas.
            status: Status,
            /// Only those of one of these criticalities, separated by commas.
            criticality: Criticality,
        }
        text: "Only those with this text in name, identifier or description, in any case.",
        with tag: "Only those with this tag.",
        sort: "`created_at` or `updated_at`, with `-` before it for descending order; `-created_at` by default.";
        delete "Deletes an asset without findings" unless "It has findings";
    }
}
