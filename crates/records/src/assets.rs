//! Assets: what findings are about, such as hosts, applications and repositories.
//!
//! Owns: the table `assets` and each change of it with its event. Must not: change a finding.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, get_for_update, in_company, list};

use base::{Id, Time};
use store::words;

use crate::{Named, owned::Owned};

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

/// An asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: Id,
    /// The company it belongs to.
    pub company: Named,
    /// Its name, one line.
    pub name: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its address, URL or path, one line; may be empty.
    pub identifier: String,
    /// Its description; may be empty.
    pub description: String,
    /// How important it is.
    pub criticality: Criticality,
    /// Its status.
    pub status: Status,
    /// Who owns it.
    pub owned: Owned,
    /// Its tags, in order.
    pub tags: Vec<String>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last updated.
    pub updated_at: Time,
}
