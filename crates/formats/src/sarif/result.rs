//! One result, as the scan report has it.
//!
//! Owns: the shape of `result` and of everything below it, as far as findings need it. Must not: interpret it.

use std::collections::BTreeMap;

use serde::de::MapAccess;

use super::{
    bag::Bag,
    bounds::First,
    location::Locations,
    rule::{ID, Reference, index},
    severity::Level,
};
use crate::json::walk::{Elements, Fields, Value};

/// Maximum length of a message or snippet in bytes.
pub(super) const TEXT: usize = 16_000;
/// Maximum number of fingerprints of one result.
const FINGERPRINTS: usize = 32;

/// A result, parsed.
#[derive(Default)]
pub(super) struct Raw {
    /// `rule`, completed by `ruleId` and `ruleIndex`.
    pub(super) rule: Reference,
    pub(super) kind: Option<&'static str>,
    pub(super) level: Option<Level>,
    pub(super) message: Message,
    pub(super) locations: Locations,
    pub(super) fingerprints: BTreeMap<String, String>,
    pub(super) partial_fingerprints: BTreeMap<String, String>,
    pub(super) suppressions: Suppressions,
    pub(super) absent: bool,
    pub(super) taxa: Vec<Reference>,
    pub(super) bag: Bag,
    /// When the tool first found it, according to the tool.
    pub(super) first_seen: String,
    /// Whether it has a message.
    pub(super) has_message: bool,
    /// What is invalid in it.
    pub(super) unfit: Option<String>,
}

/// The message of a result: a text or the id of one.
#[derive(Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) id: Option<String>,
    pub(super) arguments: Vec<String>,
    markdown: String,
    is_set: bool,
}

impl Fields for Message {
    const WHAT: &'static str = "a message object";
    const KEYS: &'static [&'static str] = &["text", "markdown", "id", "arguments"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "text" => {
                let text = value.text(TEXT)?;
                self.is_set |= text.is_some();
                self.text = text.unwrap_or_default();
            }
            "markdown" => {
                let text = value.text(TEXT)?;
                self.is_set |= text.is_some();
                self.markdown = text.unwrap_or_default();
            }
            "id" => {
                self.id = value.text(ID)?;
                self.is_set |= self.id.is_some();
            }
            _ => self.arguments = value.loose(50, 2_000)?,
        }
        Ok(())
    }
}

/// The content of `suppressions` over all its elements.
#[derive(Default)]
pub(super) struct Suppressions {
    /// The first one in effect.
    pub(super) first: Option<Suppression>,
    /// Whether one is under review or was rejected.
    pub(super) contested: bool,
}

/// A `suppression` object.
#[derive(Default)]
pub(super) struct Suppression {
    pub(super) kind: &'static str,
    pub(super) justification: String,
    holds: bool,
}

impl Elements for Suppressions {
    type Item = Suppression;

    fn begin(&mut self, _: usize) -> Result<Suppression, String> {
        // Without a status it counts as accepted (SARIF 2.1.0 section 3.35.3).
        let holds = true;
        Ok(Suppression {
            holds,
            ..Suppression::default()
        })
    }

    fn end(&mut self, _: usize, item: Suppression) -> Result<(), String> {
        self.contested |= !item.holds;
        if item.holds && self.first.is_none() {
            self.first = Some(item);
        }
        Ok(())
    }
}

impl Fields for Suppression {
    const WHAT: &'static str = "a suppression object";
    const KEYS: &'static [&'static str] = &["kind", "status", "justification"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "kind" => self.kind = value.word(&["inSource", "external"])?.unwrap_or_default(),
            "status" => {
                let status = value.word(&["accepted", "underReview", "rejected"])?;
                self.holds = matches!(status, None | Some("accepted"));
            }
            _ => self.justification = value.text(2_000)?.unwrap_or_default(),
        }
        Ok(())
    }
}

impl Fields for Raw {
    const WHAT: &'static str = "a result object";
    const KEYS: &'static [&'static str] = &[
        "ruleId",
        "ruleIndex",
        "rule",
        "kind",
        "level",
        "message",
        "locations",
        "fingerprints",
        "partialFingerprints",
        "suppressions",
        "baselineState",
        "taxa",
        "provenance",
        "properties",
    ];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "ruleId" => self.rule.id = value.text(ID)?.or(self.rule.id.take()),
            "ruleIndex" => self.rule.index = index(value.integer()?).or(self.rule.index),
            "rule" => {
                let mut rule = Reference::default();
                value.object(&mut rule)?;
                self.rule.id = self.rule.id.take().or(rule.id);
                self.rule.index = self.rule.index.or(rule.index);
                self.rule.component = rule.component;
            }
            "kind" => {
                self.kind =
                    value.word(&["pass", "open", "informational", "notApplicable", "review", "fail"])?;
            }
            "level" => self.level = value.word(Level::WORDS)?.and_then(Level::of),
            "message" => {
                value.object(&mut self.message)?;
                self.has_message = self.message.is_set;
            }
            "locations" => drop(value.each(&mut self.locations)?),
            "fingerprints" => fingerprints(value, &mut self.fingerprints)?,
            "partialFingerprints" => fingerprints(value, &mut self.partial_fingerprints)?,
            "suppressions" => drop(value.each(&mut self.suppressions)?),
            "baselineState" => {
                let state = value.text(16)?;
                self.absent = state.as_deref() == Some("absent");
            }
            "taxa" => {
                let mut taxa = First::<Reference>::new(50);
                value.each(&mut taxa)?;
                self.taxa = taxa.items;
            }
            "provenance" => {
                let mut provenance = Provenance::default();
                value.object(&mut provenance)?;
                self.first_seen = provenance.0;
            }
            _ => drop(value.object(&mut self.bag)?),
        }
        Ok(())
    }
}

/// A `resultProvenance` object: when the tool first found it.
#[derive(Default)]
struct Provenance(String);

impl Fields for Provenance {
    const WHAT: &'static str = "a resultProvenance object";
    const KEYS: &'static [&'static str] = &["firstDetectionTimeUtc"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        self.0 = value.text(64)?.unwrap_or_default();
        Ok(())
    }
}

/// Reads an object of fingerprints, ignoring other values; if there are too many, the first in the order of their keys
/// count.
fn fingerprints<'de, A: MapAccess<'de>>(
    value: Value<'_, A>,
    into: &mut BTreeMap<String, String>,
) -> Result<(), A::Error> {
    value.pairs(1_024, |key, print| {
        // One scanner writes this for every result if it was not signed in.
        if !print.is_empty() && print != "requires login" {
            into.insert(key, print);
        }
        if into.len() > FINGERPRINTS {
            into.pop_last();
        }
    })
}

impl Message {
    /// Its own text, if it has one.
    pub(super) fn own_text(&self) -> Option<&str> {
        [&self.text, &self.markdown]
            .into_iter()
            .find(|text| !text.is_empty())
            .map(String::as_str)
    }
}
