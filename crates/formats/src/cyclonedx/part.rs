//! The components of a `CycloneDX` document.
//!
//! Owns: the name of a component, with and without its version. Must not: know what affects it.

use crate::{package, shape::Record};

/// The names of a component.
#[derive(Default)]
pub(super) struct Part {
    /// What identifies it, whatever its version.
    pub(super) key: String,
    /// The same in versions before 0.2.
    pub(super) old: String,
    /// With its version, for display.
    pub(super) shown: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) purl: String,
}

impl Part {
    /// As described by a document.
    pub(super) fn of(record: &Record) -> Self {
        let (group, name, purl) = (record.text("group"), record.text("name"), record.text("purl"));
        let name = if group.is_empty() {
            name.to_owned()
        } else {
            format!("{group}/{name}")
        };
        let (bare, in_purl) = package::purl(purl);
        let own = record.text("version");
        let version = if own.trim().is_empty() {
            in_purl
        } else {
            own.trim()
        };
        let old = old_purl(purl);
        Self {
            key: if bare.is_empty() {
                package::without_version(&name, version)
            } else {
                bare.to_owned()
            },
            old: if old.is_empty() {
                name.clone()
            } else {
                old.to_owned()
            },
            shown: format!("{name} {own}").trim().to_owned(),
            version: version.to_owned(),
            purl: purl.to_owned(),
            name,
        }
    }

    /// A component of another document: only its reference is known, which may be a package URL.
    pub(super) fn unknown(reference: &str) -> Self {
        let (key, version) = package::purl(reference);
        let purl = if key.starts_with("pkg:") { reference } else { "" };
        Self {
            key: key.to_owned(),
            old: reference.to_owned(),
            shown: reference.to_owned(),
            name: key.to_owned(),
            version: version.to_owned(),
            purl: purl.to_owned(),
        }
    }

    /// Size of its names in bytes.
    pub(super) fn size(&self) -> usize {
        let texts = [
            &self.key,
            &self.old,
            &self.shown,
            &self.name,
            &self.version,
            &self.purl,
        ];
        texts.iter().map(|text| text.len()).sum()
    }
}

/// A package URL without its version, as versions before 0.2 cut it.
fn old_purl(purl: &str) -> &str {
    let bare = purl.split(['?', '#']).next().unwrap_or_default();
    let end = bare
        .rfind('/')
        .and_then(|slash| bare.get(slash..)?.find('@').map(|at| slash + at));
    end.and_then(|end| bare.get(..end)).unwrap_or(bare)
}
