//! A rule, as the scan report has it.
//!
//! Owns: the shape of `reportingDescriptor` and of the references to one. Must not: keep more than findings show or
//! than the budget allows.

use std::collections::HashMap;

use base::text;
use serde::de::MapAccess;

use super::{
    bag::Bag,
    bounds::{Budget, First},
    severity::Level,
};
use crate::json::walk::{Fields, Value};

/// Maximum length of an id in bytes.
pub(super) const ID: usize = 512;
/// Maximum length of a name or short description in bytes.
const SHORT: usize = 1_000;
/// Maximum length of a full description or help text in bytes.
const LONG: usize = 8_000;

/// A rule, as far as findings need it. Texts are as written.
#[derive(Default)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) short: String,
    pub(super) full: String,
    pub(super) help: String,
    /// Its web page, and the links in its help text.
    pub(super) links: Vec<String>,
    /// Its earlier and alternative ids.
    pub(super) aliases: Vec<String>,
    pub(super) level: Option<Level>,
    /// The unknown value of its level; empty if there is none or it is known.
    pub(super) unknown_level: String,
    pub(super) bag: Bag,
    pub(super) taxa: Vec<Reference>,
    pub(super) messages: HashMap<String, String>,
}

/// A reference to a rule or taxon: by index in a component, by id, or both.
#[derive(Default)]
pub(super) struct Reference {
    pub(super) id: Option<String>,
    pub(super) index: Option<usize>,
    pub(super) component: ComponentReference,
}

/// A reference to a component; all empty means the driver.
#[derive(Default)]
pub(super) struct ComponentReference {
    pub(super) name: String,
    pub(super) guid: String,
    pub(super) index: Option<usize>,
}

impl Fields for ComponentReference {
    const WHAT: &'static str = "a toolComponentReference object";
    const KEYS: &'static [&'static str] = &["name", "guid", "index"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "name" => self.name = value.text(ID)?.unwrap_or_default(),
            "guid" => self.guid = value.text(ID)?.unwrap_or_default(),
            _ => self.index = index(value.integer()?),
        }
        Ok(())
    }
}

impl Reference {
    /// Its approximate size in bytes.
    fn size(&self) -> usize {
        let id = self.id.as_ref().map_or(0, String::len);
        size_of::<Self>() + id + self.component.name.len() + self.component.guid.len()
    }
}

impl Fields for Reference {
    const WHAT: &'static str = "a reportingDescriptorReference object";
    const KEYS: &'static [&'static str] = &["id", "index", "toolComponent"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "id" => self.id = value.text(ID)?,
            "index" => self.index = index(value.integer()?),
            _ => drop(value.object(&mut self.component)?),
        }
        Ok(())
    }
}

/// A valid index: -1 means none in SARIF.
pub(super) fn index(number: Option<i64>) -> Option<usize> {
    usize::try_from(number?).ok()
}

/// A `multiformatMessageString` object: its plain text, or its Markdown if there is none.
#[derive(Default)]
struct Words {
    text: String,
    markdown: String,
}

impl Words {
    fn take(self) -> String {
        if self.text.is_empty() {
            self.markdown
        } else {
            self.text
        }
    }
}

impl Fields for Words {
    const WHAT: &'static str = "a multiformatMessageString object";
    const KEYS: &'static [&'static str] = &["text", "markdown"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let text = value.text(LONG)?.unwrap_or_default();
        match key {
            "text" => self.text = text,
            _ => self.markdown = text,
        }
        Ok(())
    }
}

fn words<'de, A: MapAccess<'de>>(value: Value<'_, A>) -> Result<String, A::Error> {
    let mut words = Words::default();
    value.object(&mut words)?;
    Ok(words.take())
}

/// Maximum number of message texts of one rule or component that are kept.
const MESSAGES: usize = 500;

pub(super) fn messages<'de, A: MapAccess<'de>>(
    value: Value<'_, A>,
    into: &mut HashMap<String, String>,
) -> Result<(), A::Error> {
    value.table(|id, words: Words| {
        if into.len() < MESSAGES {
            into.entry(id).or_insert_with(|| words.take());
        }
    })
}

/// The approximate size of message texts in bytes.
pub(super) fn size(messages: &HashMap<String, String>) -> usize {
    let each = |(id, text): (&String, &String)| id.len() + text.len() + 64;
    messages.iter().map(each).sum()
}

/// A `reportingConfiguration` object: its level, or its unknown value.
#[derive(Default)]
struct Configuration(Option<Level>, String);

impl Fields for Configuration {
    const WHAT: &'static str = "a reportingConfiguration object";
    const KEYS: &'static [&'static str] = &["level"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let word = value.loose(1, 40)?.pop().unwrap_or_default();
        self.0 = Level::of(&word);
        if self.0.is_none() {
            self.1 = word;
        }
        Ok(())
    }
}

/// A `reportingDescriptorRelationship` object: its target.
#[derive(Default)]
struct Relationship(Reference);

impl Fields for Relationship {
    const WHAT: &'static str = "a reportingDescriptorRelationship object";
    const KEYS: &'static [&'static str] = &["target"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        value.object(&mut self.0).map(drop)
    }
}

impl Fields for Rule {
    const WHAT: &'static str = "a reportingDescriptor object";
    const KEYS: &'static [&'static str] = &[
        "id",
        "name",
        "shortDescription",
        "fullDescription",
        "help",
        "helpUri",
        "defaultConfiguration",
        "messageStrings",
        "deprecatedIds",
        "properties",
        "relationships",
    ];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "id" => self.id = value.text(ID)?.unwrap_or_default(),
            "name" => self.name = value.text(SHORT)?.unwrap_or_default(),
            "shortDescription" => self.short = words(value)?,
            "fullDescription" => self.full = words(value)?,
            "help" => self.help = words(value)?,
            "helpUri" => self.links.extend(value.text(SHORT)?),
            "deprecatedIds" => self.aliases = value.loose(20, ID)?,
            "messageStrings" => messages(value, &mut self.messages)?,
            "defaultConfiguration" => {
                let mut configuration = Configuration::default();
                value.object(&mut configuration)?;
                self.level = configuration.0;
                self.unknown_level = configuration.1;
            }
            "properties" => drop(value.object(&mut self.bag)?),
            _ => {
                let mut relationships = First::<Relationship>::new(20);
                value.each(&mut relationships)?;
                self.taxa = relationships.items.into_iter().map(|found| found.0).collect();
            }
        }
        Ok(())
    }
}

impl Rule {
    /// Reduces it to what is kept for the rest of the scan report: cleaned texts, or none if there are too many.
    pub(super) fn settle(&mut self, budget: &Budget) {
        self.name = text::line(&self.name, 200);
        self.short = text::line(&self.short, 200);
        self.full = text::block(&self.full, 3_000);
        links(&self.help, &mut self.links);
        self.help = text::block(&self.help, 4_000);
        self.bag.settle();
        self.taxa.retain(|taxon| {
            taxon.component.index.is_some() || taxon.component.name.eq_ignore_ascii_case("cwe")
        });
        let taxa = self.taxa.iter().map(Reference::size).sum::<usize>();
        let lists = [&self.links, &self.aliases].into_iter().flatten();
        let lists = lists.map(|text| text.len() + 32).sum::<usize>();
        let texts = self.name.len() + self.short.len() + self.full.len() + self.help.len();
        if !budget.text(texts + lists + self.bag.size() + taxa + size(&self.messages)) {
            let bag = Bag {
                security_severity: self.bag.security_severity.take(),
                ..Bag::default()
            };
            *self = Self {
                id: std::mem::take(&mut self.id),
                level: self.level,
                unknown_level: std::mem::take(&mut self.unknown_level),
                bag,
                ..Self::default()
            };
        }
    }
}

/// Maximum number of links of one text that are kept.
const LINKS: usize = 50;

/// Adds the web addresses in a text to a list without duplicates.
pub(super) fn links(text: &str, into: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find("http").filter(|_| into.len() < LINKS) {
        let from = rest.get(at..).unwrap_or_default();
        let end = from.find(|char: char| char.is_whitespace() || "<>()[]{}\"'`|\\*,".contains(char));
        let (link, after) = from.split_at(end.unwrap_or(from.len()));
        let link = link.trim_end_matches(['.', ';', ':', '!', '?']);
        let named = ["https://", "http://"]
            .iter()
            .any(|scheme| link.len() > scheme.len() && link.starts_with(scheme));
        if named && link.len() <= SHORT && !into.iter().any(|known| known == link) {
            into.push(link.to_owned());
        }
        rest = after;
    }
}
