//! The parts of a run other than its tool and its results.
//!
//! Owns: the shapes of artifacts, of `automationDetails` and of the properties of a run. Must not: look at results.

use serde::de::MapAccess;

use super::{bounds::Budget, location::ArtifactLocation, rule::ID};
use crate::{
    json::walk::{Elements, Fields, Value},
    list::target_name,
};

/// Collects the URIs of artifacts.
pub(super) struct Artifacts<'a, 'b> {
    pub(super) into: &'a mut Vec<ArtifactLocation>,
    pub(super) budget: &'b Budget,
}

impl Elements for Artifacts<'_, '_> {
    type Item = Artifact;

    fn begin(&mut self, _: usize) -> Result<Artifact, String> {
        Ok(Artifact::default())
    }

    fn end(&mut self, _: usize, item: Artifact) -> Result<(), String> {
        if self.budget.artifact() {
            let place = item.0;
            // The entry is always kept: the others are found by their index.
            self.into
                .push(if self.budget.text(place.uri.len() + place.base.len()) {
                    place
                } else {
                    ArtifactLocation::default()
                });
        }
        Ok(())
    }
}

/// An `artifact` object: its location.
#[derive(Default)]
pub(super) struct Artifact(ArtifactLocation);

impl Fields for Artifact {
    const WHAT: &'static str = "an artifact object";
    const KEYS: &'static [&'static str] = &["location"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        value.object(&mut self.0).map(drop)
    }
}

/// A `runAutomationDetails` object: its category, which is everything up to the last `/` of the id.
#[derive(Default)]
pub(super) struct Automation(pub(super) String);

impl Fields for Automation {
    const WHAT: &'static str = "a runAutomationDetails object";
    const KEYS: &'static [&'static str] = &["id"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let id = value.text(ID)?.unwrap_or_default();
        let end = id.rfind('/').map_or(0, |at| at + 1);
        self.0 = target_name(id.get(..end).unwrap_or_default());
        Ok(())
    }
}

/// The properties of a run: the name of the image that Trivy scanned, without tag and digest.
#[derive(Default)]
pub(super) struct Image(pub(super) String);

impl Fields for Image {
    const WHAT: &'static str = "a property bag";
    const KEYS: &'static [&'static str] = &["imageName"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let name = value.loose(1, ID)?.pop().unwrap_or_default();
        let name = name.split('@').next().unwrap_or_default();
        let tag = name
            .rfind(':')
            .filter(|at| !name.get(*at..).unwrap_or_default().contains('/'));
        self.0 = target_name(name.get(..tag.unwrap_or(name.len())).unwrap_or_default());
        Ok(())
    }
}
