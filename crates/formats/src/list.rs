//! Reports that are lists of entries: the passes over them, the same for every such format.
//!
//! Owns: what an entry needs to become a finding ([`Draft`]), counting entries, and which of them are doubles. Must
//! not: know a format.

use std::{collections::HashMap, fmt::Display};

use base::{Severity, text};

use crate::{
    Error, Found, MAX_ENTRIES, Outcome, Source, Surveyed, ToolRun,
    found::{DESCRIPTION, TITLE},
    identity::{Crowd, Hash, Identity, Mark, fingerprint},
};

/// How a format's entries are read.
pub(crate) trait Reader: Sized + Send + Sync + 'static {
    /// The tool all its findings are of.
    const TOOL: &'static str;

    /// Learns what entries need from elsewhere in the file, and refuses a report of another kind.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Io`].
    fn survey(file: &mut dyn Source) -> Result<Self, Error>;

    /// Puts every entry of the file into the sink, from the first to the last.
    ///
    /// # Errors
    /// [`Error::Refused`] for the first thing that does not fit.
    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error>;
}

/// An entry of a report.
pub(crate) enum Entry {
    Found(Draft),
    /// Nothing to import, and why.
    Skipped(String),
}

/// A finding in the making: texts as the report has them.
pub(crate) struct Draft {
    pub(crate) identity: Identity,
    pub(crate) title: String,
    /// Paragraphs; empty ones and repeated ones are left out.
    pub(crate) description: Vec<String>,
    pub(crate) severity: Severity,
    pub(crate) location: String,
    pub(crate) rule_id: String,
    pub(crate) cwe: Option<String>,
}

impl Draft {
    /// Its finding, with texts cleaned and cut.
    fn found(self, fingerprint: String, tool: &str) -> Found {
        let optional = |text: String| (!text.is_empty()).then_some(text);
        let mut title = text::line(&self.title, TITLE);
        if title.is_empty() {
            title = format!("A finding of {tool}");
        }
        let mut parts: Vec<String> = Vec::new();
        for part in &self.description {
            let part = text::block(part, DESCRIPTION);
            if !part.is_empty() && !parts.iter().any(|other| other.contains(&part)) {
                parts.push(part);
            }
        }
        Found {
            fingerprint,
            title,
            description: text::cut(&parts.join("\n\n"), DESCRIPTION),
            severity: self.severity,
            location: optional(text::line(&self.location, 1_000)),
            rule_id: optional(text::line(&self.rule_id, 300)),
            cwe: self.cwe,
        }
    }
}

/// The identity of an entry: `keys` are what it is known by from one report to the next, `line` and `details` tell
/// those of one report apart that share them.
pub(crate) fn identity(format: &str, keys: &[&str], line: u32, details: &[&str]) -> Identity {
    let hash =
        |domain: &str, texts: &[&str]| texts.iter().fold(Hash::new(domain), |hash, text| hash.add(text));
    Identity {
        print: hash(format, keys).end(),
        line,
        column: 0,
        detail: hash("detail", details).half(),
    }
}

/// A part of a description that says what it is; empty where there is nothing to say.
pub(crate) fn labelled(label: &str, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("{label}: {text}")
    }
}

/// Where entries go.
pub(crate) struct Sink<'a> {
    each: &'a mut dyn FnMut(&dyn Display, u32, Entry) -> bool,
    entries: u32,
    partial: bool,
    stopped: bool,
}

impl<'a> Sink<'a> {
    fn new(each: &'a mut dyn FnMut(&dyn Display, u32, Entry) -> bool) -> Self {
        Self {
            each,
            entries: 0,
            partial: false,
            stopped: false,
        }
    }

    /// Takes an entry with its place.
    ///
    /// # Errors
    /// What ends the pass: nobody wants more of them, or there are too many.
    pub(crate) fn put(&mut self, place: &dyn Display, entry: Entry) -> Result<(), String> {
        if self.entries == MAX_ENTRIES {
            return Err(format!("there are more than {MAX_ENTRIES} entries"));
        }
        self.stopped = !(self.each)(place, self.entries, entry);
        self.entries += 1;
        if self.stopped {
            Err("stopped".to_owned())
        } else {
            Ok(())
        }
    }

    /// Notes that the report does not hold all that the tool finds.
    pub(crate) fn partial(&mut self) {
        self.partial = true;
    }
}

/// A list that was surveyed.
pub(crate) struct List<R> {
    reader: R,
    crowd: Crowd,
    entries: u32,
    complete: bool,
}

impl<R: Reader> List<R> {
    /// Surveys a report.
    ///
    /// # Errors
    /// As for [`Reader`].
    pub(crate) fn survey(file: &mut dyn Source) -> Result<Self, Error> {
        let reader = R::survey(file)?;
        let mut identities = Vec::new();
        let mut each = |_: &dyn Display, index, entry| {
            if let Entry::Found(draft) = entry {
                identities.push((draft.identity, index));
            }
            true
        };
        let mut sink = Sink::new(&mut each);
        reader.read(file, &mut sink)?;
        let (entries, complete) = (sink.entries, !sink.partial);
        Ok(Self {
            reader,
            crowd: Crowd::new(identities),
            entries,
            complete,
        })
    }
}

/// How many places of entries that others repeat are kept, for the reasons of those.
const PLACES: usize = 10_000;

impl<R: Reader> Surveyed for List<R> {
    fn entries(&self) -> u32 {
        self.entries
    }

    fn tools(&self) -> Vec<ToolRun> {
        vec![ToolRun {
            name: R::TOOL.to_owned(),
            complete: self.complete,
        }]
    }

    fn each(
        &self,
        file: &mut dyn Source,
        each: &mut dyn FnMut(&dyn Display, Outcome) -> bool,
    ) -> Result<(), Error> {
        let firsts = self.crowd.firsts().take(PLACES);
        let mut places: HashMap<u32, String> = firsts.map(|index| (index, String::new())).collect();
        let mut take = |place: &dyn Display, index, entry| {
            if let Some(kept) = places.get_mut(&index) {
                *kept = place.to_string();
            }
            each(place, self.outcome(index, entry, &places))
        };
        let mut sink = Sink::new(&mut take);
        let ended = self.reader.read(file, &mut sink);
        if sink.stopped { Ok(()) } else { ended }
    }
}

impl<R: Reader> List<R> {
    fn outcome(&self, index: u32, entry: Entry, places: &HashMap<u32, String>) -> Outcome {
        let draft = match entry {
            Entry::Found(draft) => draft,
            Entry::Skipped(reason) => return Outcome::Skipped(reason),
        };
        let mark = self.crowd.mark(index);
        if let Some(Mark::Duplicate(first)) = mark {
            let place = places.get(&first).map_or("an entry before it", String::as_str);
            return Outcome::Skipped(format!("duplicate of {place}"));
        }
        let fingerprint = fingerprint(&draft.identity, mark);
        Outcome::Found(0, Box::new(draft.found(fingerprint, R::TOOL)))
    }
}
