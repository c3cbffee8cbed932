//! Which parts of a report a format takes, and an entry as it was read.
//!
//! Owns: [`Shape`], which the readers of JSON and of XML follow, and [`Record`], what they make of it. Must not:
//! know where the text comes from.

use std::fmt;

use super::json::walk::Trail;

/// The keys of an object that are read, and how; all others are skipped. In XML the children of an element, and its
/// attributes with an `@` before their name.
pub(crate) type Shape = [(&'static str, Want)];

/// How a value is read.
pub(crate) enum Want {
    /// A text, of which so many bytes are kept.
    Text(usize),
    /// A number, or a text in its place.
    Number,
    /// True or false.
    Flag,
    /// A text or an array of them: so many are kept, so many bytes of each. In XML an element that repeats.
    Texts(usize, usize),
    /// In XML an element that repeats, as `name=text` with its attribute `name`: so many, so many bytes of each text.
    Tagged(usize, usize),
    /// An object.
    One(&'static Shape),
    /// An object, or a text in its place.
    Named(&'static Shape),
    /// An object of objects whose keys are free: so many are kept, each with its key as the text of [`KEY`].
    Table(usize, &'static Shape),
    /// Objects, of which so many are kept.
    Many(usize, &'static Shape),
    /// Objects that are not kept: entries lie within.
    Through(&'static Shape),
    /// Objects that are handed over one by one.
    Entries(&'static Shape),
}

/// The key of an object of a [`Want::Table`].
pub(crate) const KEY: &str = "";

/// How many bytes of an id, a name, a path or a URL are kept.
pub(crate) const SHORT: usize = 1_024;
/// How many bytes of a message or description are kept.
pub(crate) const LONG: usize = 16_000;
/// How many bytes of a single word are kept.
pub(crate) const WORD: usize = 64;

/// An object as it was read.
#[derive(Debug, Default)]
pub(crate) struct Record {
    texts: Vec<(&'static str, String)>,
    parts: Vec<(&'static str, Record)>,
    lists: Vec<&'static str>,
    /// Why it could not be read.
    fault: Option<String>,
}

impl Record {
    /// Itself, if all of it is as the shape says. Of an entry that is not, nothing else is kept.
    ///
    /// # Errors
    /// The first thing that does not fit, with its place within the entry.
    pub(crate) fn sound(&self) -> Result<&Self, String> {
        self.fault.clone().map_or(Ok(self), Err)
    }

    /// Itself with what does not fit.
    pub(super) fn with_fault(self, fault: String) -> Self {
        let fault = Some(fault);
        Self { fault, ..self }
    }

    /// The text of a key; empty if there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.texts(key).next().unwrap_or_default()
    }

    /// The first of these keys whose text is not blank.
    pub(crate) fn first(&self, keys: &[&str]) -> &str {
        let mut texts = keys.iter().map(|key| self.text(key));
        texts.find(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    /// The texts of a key.
    pub(crate) fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        let texts = self.texts.iter().filter(move |(name, _)| *name == key);
        texts.map(|(_, text)| text.as_str())
    }

    /// The object of a key; an empty one if there is none.
    pub(crate) fn part(&self, key: &str) -> &Self {
        static NONE: Record = Record {
            texts: Vec::new(),
            parts: Vec::new(),
            lists: Vec::new(),
            fault: None,
        };
        self.parts(key).next().unwrap_or(&NONE)
    }

    /// The objects of a key.
    pub(crate) fn parts(&self, key: &str) -> impl Iterator<Item = &Self> {
        let parts = self.parts.iter().filter(move |(name, _)| *name == key);
        parts.map(|(_, part)| part)
    }

    /// The objects of a key, for keeping.
    pub(crate) fn into_parts(self, key: &str) -> Vec<Self> {
        let parts = self.parts.into_iter().filter(|(name, _)| *name == key);
        parts.map(|(_, part)| part).collect()
    }

    /// Whether there was a list of this key, however long.
    pub(crate) fn listed(&self, key: &str) -> bool {
        self.lists.contains(&key)
    }

    /// Whether there was anything of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.listed(key) || self.texts(key).next().is_some() || self.parts(key).next().is_some()
    }

    pub(super) fn put(&mut self, key: &'static str, text: String) {
        self.texts.push((key, text));
    }

    pub(super) fn add(&mut self, key: &'static str, part: Self) {
        self.parts.push((key, part));
    }

    pub(super) fn list(&mut self, key: &'static str) {
        if !self.listed(key) {
            self.lists.push(key);
        }
    }
}

/// What an entry lies in, as far as it is read.
pub(crate) struct Outer<'a> {
    pub(crate) record: &'a Record,
    pub(crate) outer: Option<&'a Outer<'a>>,
}

/// Where an entry stands.
pub(crate) struct At<'a> {
    pub(crate) trail: &'a Trail,
    /// The list it is in.
    pub(crate) key: &'static str,
    pub(crate) outer: Option<&'a Outer<'a>>,
}

impl At<'_> {
    /// The first text of a key in what the entry lies in, from the inside out.
    pub(crate) fn outer_text(&self, key: &str) -> &str {
        let outers = std::iter::successors(self.outer, |outer| outer.outer);
        let mut texts = outers.map(|outer| outer.record.text(key));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.trail.fmt(f)
    }
}

/// Takes entries as they are read. What it refuses is wrong with the whole report.
pub(crate) type Each<'e> = dyn FnMut(&At<'_>, Record) -> Result<(), String> + 'e;
