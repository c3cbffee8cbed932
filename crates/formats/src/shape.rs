//! Which parts of a scan report a format reads, and an entry as it was read.
//!
//! Owns: [`Shape`], which the readers of JSON and of XML follow, and [`Record`], their result. Must not: know where the
//! text comes from.

use std::fmt;

use super::json::walk::Trail;

/// The keys of an object that are read, and how; all others are skipped. In XML the children of an element, and its
/// attributes with an `@` before their name.
pub(crate) type Shape = [(&'static str, Want)];

/// How a value is read.
pub(crate) enum Want {
    /// A text, of which this many bytes are kept.
    Text(usize),
    /// A number, or a text instead.
    Number,
    /// True or false.
    Flag,
    /// A text or an array of them: the number kept, and the bytes kept of each. In XML an element that repeats.
    Texts(usize, usize),
    /// In XML an element that repeats, as `name=text` with its attribute `name`: the number kept, and the bytes kept of
    /// each text.
    Tagged(usize, usize),
    /// An object.
    One(&'static Shape),
    /// An object, or a text instead.
    Named(&'static Shape),
    /// An object of objects with arbitrary keys: the number kept, each with its key as the text of [`KEY`].
    Table(usize, &'static Shape),
    /// Objects, of which this many are kept.
    Many(usize, &'static Shape),
    /// Objects that are not kept: they contain entries.
    Through(&'static Shape),
    /// Objects that are handed over one by one.
    Entries(&'static Shape),
}

/// The key of an object of a [`Want::Table`].
pub(crate) const KEY: &str = "";

/// Bytes of an id, a name, a path or a URL that are kept.
pub(crate) const SHORT: usize = 1_024;
/// Bytes of a message or description that are kept.
pub(crate) const LONG: usize = 16_000;
/// Bytes of a single word that are kept.
pub(crate) const WORD: usize = 64;

/// An object as it was read.
#[derive(Debug, Default)]
pub(crate) struct Record {
    texts: Vec<(&'static str, String)>,
    parts: Vec<(&'static str, Record)>,
    lists: Vec<&'static str>,
    /// The number of elements of each list beyond those that are kept.
    cut: Vec<(&'static str, usize)>,
    /// Why it could not be read.
    fault: Option<String>,
}

impl Record {
    /// Itself, if it matches the shape completely. Of an invalid entry, nothing else is kept.
    ///
    /// # Errors
    /// The first fault, with its place within the entry.
    pub(crate) fn sound(&self) -> Result<&Self, String> {
        self.fault.clone().map_or(Ok(self), Err)
    }

    /// Itself with a fault.
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
            cut: Vec::new(),
            fault: None,
        };
        self.parts(key).next().unwrap_or(&NONE)
    }

    /// The objects of a key.
    pub(crate) fn parts(&self, key: &str) -> impl Iterator<Item = &Self> {
        let parts = self.parts.iter().filter(move |(name, _)| *name == key);
        parts.map(|(_, part)| part)
    }

    /// The objects of a key, by value.
    pub(crate) fn into_parts(self, key: &str) -> Vec<Self> {
        let parts = self.parts.into_iter().filter(|(name, _)| *name == key);
        parts.map(|(_, part)| part).collect()
    }

    /// Takes the objects of a key out of it, with the number of further ones.
    pub(crate) fn take_parts(&mut self, key: &str) -> (Vec<Self>, usize) {
        let taken = self.parts.extract_if(.., |(name, _)| *name == key);
        let taken: Vec<_> = taken.map(|(_, part)| part).collect();
        let cut = self.cut.extract_if(.., |(name, _)| *name == key);
        (taken, cut.map(|(_, more)| more).sum())
    }

    /// The number of elements of its lists beyond those that are kept.
    pub(crate) fn count_cuts(&self) -> usize {
        self.cut.iter().map(|(_, more)| more).sum()
    }

    /// A note on what of its lists was not kept; empty if all are complete.
    pub(crate) fn cuts(&self) -> String {
        let own = self
            .cut
            .iter()
            .map(|(key, more)| format!("… and {more} more of `{key}`"));
        let below = self.parts.iter().map(|(_, part)| part.cuts());
        let all: Vec<_> = own.chain(below).filter(|text| !text.is_empty()).collect();
        all.join("\n")
    }

    /// Whether there was a list of this key, of any length.
    pub(crate) fn listed(&self, key: &str) -> bool {
        self.lists.contains(&key)
    }

    /// Whether there was any value of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.listed(key) || self.texts(key).next().is_some() || self.parts(key).next().is_some()
    }

    pub(super) fn put(&mut self, key: &'static str, text: String) {
        self.texts.push((key, text));
    }

    pub(super) fn add(&mut self, key: &'static str, part: Self) {
        self.parts.push((key, part));
    }

    pub(super) fn count_cut(&mut self, key: &'static str) {
        match self.cut.iter_mut().find(|(name, _)| *name == key) {
            Some((_, more)) => *more += 1,
            None => self.cut.push((key, 1)),
        }
    }

    pub(super) fn list(&mut self, key: &'static str) {
        if !self.listed(key) {
            self.lists.push(key);
        }
    }
}

/// What contains an entry, as far as it has been read.
pub(crate) struct Outer<'a> {
    pub(crate) record: &'a Record,
    pub(crate) outer: Option<&'a Outer<'a>>,
}

/// The position of an entry.
pub(crate) struct At<'a> {
    pub(crate) trail: &'a Trail,
    /// The list it is in.
    pub(crate) key: &'static str,
    pub(crate) outer: Option<&'a Outer<'a>>,
}

impl At<'_> {
    /// The first text of a key in the objects that contain the entry, from the innermost.
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

/// Takes entries as they are read. An error rejects the whole scan report.
pub(crate) type Each<'e> = dyn FnMut(&At<'_>, Record) -> Result<(), String> + 'e;
