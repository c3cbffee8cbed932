//! The location of a result, as the scan report has it.
//!
//! Owns: the shape of `location` and of everything below it. Must not: interpret it.

use serde::de::MapAccess;

use super::{bounds::First, result::TEXT, rule::index};
use crate::{
    found::MAX_LOCATIONS,
    json::walk::{Elements, Fields, Value},
};

/// Maximum length of a path or name in bytes.
pub(super) const PATH: usize = 4_096;
/// Maximum length of the id of a base URI in bytes.
pub(super) const BASE: usize = 128;

/// Maximum size of the locations of one result in bytes; further ones are counted.
const ROOM: usize = 4 * 1024 * 1024;

/// The location of a result.
#[derive(Default)]
pub(super) struct Location {
    pub(super) artifact: ArtifactLocation,
    pub(super) region: Region,
    /// The code around the region.
    pub(super) context: String,
    /// The name of a function, class or resource.
    pub(super) logical: String,
}

impl Location {
    fn size(&self) -> usize {
        let texts = [
            &self.artifact.uri,
            &self.region.snippet,
            &self.context,
            &self.logical,
        ];
        texts.map(String::len).iter().sum::<usize>() + size_of::<Self>()
    }
}

/// The locations of a result.
#[derive(Default)]
pub(super) struct Locations {
    /// In the order of the file.
    pub(super) kept: Vec<Location>,
    /// The number of further ones.
    pub(super) more: usize,
    size: usize,
}

impl Locations {
    /// The first one.
    pub(super) fn first(&self) -> &Location {
        static NONE: Location = Location {
            artifact: ArtifactLocation {
                uri: String::new(),
                base: String::new(),
                index: None,
            },
            region: Region {
                start_line: None,
                start_column: None,
                end_line: None,
                end_column: None,
                offset: None,
                snippet: String::new(),
            },
            context: String::new(),
            logical: String::new(),
        };
        self.kept.first().unwrap_or(&NONE)
    }
}

impl Elements for Locations {
    type Item = Location;

    fn begin(&mut self, _: usize) -> Result<Location, String> {
        Ok(Location::default())
    }

    fn end(&mut self, _: usize, item: Location) -> Result<(), String> {
        self.size += item.size();
        if self.size <= ROOM && self.kept.len() < MAX_LOCATIONS * 100 {
            self.kept.push(item);
        } else {
            self.more += 1;
        }
        Ok(())
    }
}

impl Fields for Location {
    const WHAT: &'static str = "a location object";
    const KEYS: &'static [&'static str] = &["physicalLocation", "logicalLocations"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        if key == "physicalLocation" {
            return value.object(&mut Physical(self)).map(drop);
        }
        let mut names = First::<Logical>::new(1);
        value.each(&mut names)?;
        if let Some(name) = names.items.pop() {
            self.logical = if name.full.is_empty() {
                name.short
            } else {
                name.full
            };
        }
        Ok(())
    }
}

/// A `physicalLocation` object, read into its location.
struct Physical<'a>(&'a mut Location);

impl Fields for Physical<'_> {
    const WHAT: &'static str = "a physicalLocation object";
    const KEYS: &'static [&'static str] = &["artifactLocation", "region", "contextRegion"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "region" => drop(value.object(&mut self.0.region)?),
            "contextRegion" => {
                let mut around = Region::default();
                value.object(&mut around)?;
                self.0.context = around.snippet;
            }
            _ => drop(value.object(&mut self.0.artifact)?),
        }
        Ok(())
    }
}

/// An `artifactLocation` object.
#[derive(Default)]
pub(super) struct ArtifactLocation {
    pub(super) uri: String,
    /// The id of the URI it is relative to.
    pub(super) base: String,
    /// Index of the artifact, for a location without a URI.
    pub(super) index: Option<usize>,
}

impl Fields for ArtifactLocation {
    const WHAT: &'static str = "an artifactLocation object";
    const KEYS: &'static [&'static str] = &["uri", "uriBaseId", "index"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "uri" => self.uri = value.text(PATH)?.unwrap_or_default(),
            "uriBaseId" => self.base = value.text(BASE)?.unwrap_or_default(),
            _ => self.index = index(value.integer()?),
        }
        Ok(())
    }
}

/// The part of a file a result is about.
#[derive(Default)]
pub(super) struct Region {
    pub(super) start_line: Option<i64>,
    pub(super) start_column: Option<i64>,
    pub(super) end_line: Option<i64>,
    pub(super) end_column: Option<i64>,
    /// Offset in characters or bytes, for what has no lines.
    pub(super) offset: Option<i64>,
    pub(super) snippet: String,
}

impl Fields for Region {
    const WHAT: &'static str = "a region object";
    const KEYS: &'static [&'static str] = &[
        "startLine",
        "startColumn",
        "endLine",
        "endColumn",
        "charOffset",
        "byteOffset",
        "snippet",
    ];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        match key {
            "startLine" => self.start_line = value.integer()?,
            "startColumn" => self.start_column = value.integer()?,
            "endLine" => self.end_line = value.integer()?,
            "endColumn" => self.end_column = value.integer()?,
            "snippet" => {
                let mut snippet = Snippet::default();
                value.object(&mut snippet)?;
                self.snippet = snippet.0;
            }
            _ => self.offset = value.integer()?.or(self.offset),
        }
        Ok(())
    }
}

/// An `artifactContent` object: its text.
#[derive(Default)]
struct Snippet(String);

impl Fields for Snippet {
    const WHAT: &'static str = "an artifactContent object";
    const KEYS: &'static [&'static str] = &["text"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        self.0 = value.text(TEXT)?.unwrap_or_default();
        Ok(())
    }
}

/// A `logicalLocation` object: its names.
#[derive(Default)]
struct Logical {
    full: String,
    short: String,
}

impl Fields for Logical {
    const WHAT: &'static str = "a logicalLocation object";
    const KEYS: &'static [&'static str] = &["fullyQualifiedName", "name"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let text = value.text(PATH)?.unwrap_or_default();
        match key {
            "name" => self.short = text,
            _ => self.full = text,
        }
        Ok(())
    }
}
