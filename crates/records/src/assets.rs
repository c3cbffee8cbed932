//! Assets: what findings are about, such as hosts, applications and repositories.
//!
//! Owns: the table `assets` and each change of it with its event. Must not: change a finding.

mod change;
pub mod http;
mod list;

pub use change::{Change, New, change, create, delete};
pub use list::{Filter, Sort, get, held, in_company, list};

use base::{Id, Time};

use crate::{Named, owned::Owned, word::words};

words! {
    /// What kind of thing an asset is.
    pub enum Kind (AssetKind, "a kind of asset") {
        /// A program that people use.
        Application "application",
        /// Code.
        Repository "repository",
        /// A machine.
        Host "host",
        /// A name in the DNS.
        Domain "domain",
        /// Addresses.
        Network "network",
        /// An account or a service of a cloud.
        Cloud "cloud",
        /// A container image or another package.
        Image "image",
        /// Something else.
        Other "other",
    }
}

words! {
    /// How much depends on an asset.
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
    /// Where an asset stands.
    pub enum Status (AssetStatus, "an asset's status") {
        /// In use.
        Active "active",
        /// Out of use; what was found there stays.
        Retired "retired",
    }
}

/// An asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: Id,
    /// The company it is of.
    pub company: Named,
    /// Its name, in a line.
    pub name: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its address, URL or path, in a line; may be empty.
    pub identifier: String,
    /// What it is, at length; may be empty.
    pub description: String,
    /// How much depends on it.
    pub criticality: Criticality,
    /// Where it stands.
    pub status: Status,
    /// Who owns it.
    pub owned: Owned,
    /// Its tags, in their order.
    pub tags: Vec<String>,
    /// Since when it is known here.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}
