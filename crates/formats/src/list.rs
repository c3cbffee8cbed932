//! Scan reports that are lists of entries: the passes over them, shared by all such formats.
//!
//! Owns: counting entries, what the scan report covers, and handling entries that cannot be read. Must not: know a
//! format.

use std::fmt::Display;

use base::{Time, text};

use crate::{
    Coverage, Error, Identified, MAX_ENTRIES, Options, Outcome, Paths, Skip, Source, Surveyed, draft::Draft,
    identity::Hash, shape::Record, without_credentials,
};

/// How a format's entries are read.
pub(crate) trait Reader: Sized + Send + Sync + 'static {
    /// The tool of all its findings, unless the scan report names another ([`Sink::tool`]).
    const TOOL: &'static str;

    /// Collects what entries need from elsewhere in the file, and rejects a scan report of another kind.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Io`].
    fn survey(file: &mut dyn Source, options: &Options) -> Result<Self, Error>;

    /// Puts every entry of the file into the sink, from first to last, and the metadata of the scan report.
    ///
    /// # Errors
    /// [`Error::Refused`] for a file that is truncated or of another kind.
    fn read(&self, file: &mut dyn Source, sink: &mut Sink<'_>) -> Result<(), Error>;
}

/// An entry of a scan report.
pub(crate) enum Entry {
    Found(Box<Draft>),
    Skipped(Skip),
}

impl From<Draft> for Entry {
    fn from(draft: Draft) -> Self {
        Self::Found(Box::new(draft))
    }
}

impl Entry {
    /// An entry that is marked as not a problem.
    pub(crate) fn skipped(reason: &str) -> Self {
        Self::Skipped(Skip::because(text::line(reason, 300)))
    }

    /// The result of reading an entry: an invalid one is skipped with the reason, and the scan report is incomplete.
    pub(crate) fn of(read: Result<Self, String>) -> Self {
        read.unwrap_or_else(|what| Self::Skipped(Skip::unreadable(text::line(&what, 300))))
    }
}

/// Receives the entries and the metadata of a scan report.
pub(crate) struct Sink<'a> {
    each: &'a mut dyn FnMut(&dyn Display, Entry) -> bool,
    entries: u32,
    unreadable: u32,
    head: Coverage,
    /// The targets in order of appearance; entries refer to them by index.
    coverage: Vec<Coverage>,
    index: std::collections::HashMap<String, usize>,
    stopped: bool,
}

/// Maximum number of targets of one scan report.
pub(crate) const MAX_TARGETS: usize = 20_000;

impl<'a> Sink<'a> {
    fn new(tool: &str, each: &'a mut dyn FnMut(&dyn Display, Entry) -> bool) -> Self {
        Self {
            each,
            entries: 0,
            unreadable: 0,
            head: Coverage {
                tool: tool.to_owned(),
                ..Coverage::default()
            },
            coverage: Vec::new(),
            index: std::collections::HashMap::new(),
            stopped: false,
        }
    }

    /// Takes an entry with its place.
    ///
    /// # Errors
    /// Ends the pass: no more entries are wanted, or there are too many.
    pub(crate) fn put(&mut self, place: &dyn Display, entry: Entry) -> Result<(), String> {
        if self.entries == MAX_ENTRIES {
            return Err(format!("there are more than {MAX_ENTRIES} entries"));
        }
        if let Entry::Skipped(skip) = &entry {
            self.unreadable += u32::from(skip.unreadable);
        }
        self.stopped = !(self.each)(place, entry);
        self.entries += 1;
        if self.stopped {
            Err("stopped".to_owned())
        } else {
            Ok(())
        }
    }

    /// Takes what `read` returns for a record, and reports which parts of its lists were not kept. An invalid one is
    /// skipped with the reason, and the scan report is incomplete.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub(crate) fn take<E: Into<Entry>>(
        &mut self,
        place: &dyn Display,
        record: &Record,
        read: impl FnOnce(&Record) -> Result<E, String>,
    ) -> Result<(), String> {
        let mut entry = Entry::of(record.sound().and_then(read).map(Into::into));
        if let Entry::Found(draft) = &mut entry {
            draft.description.push(record.cuts());
        }
        self.put(place, entry)
    }

    /// The tool that wrote the scan report, if several tools share its format.
    pub(crate) fn tool(&mut self, name: &str) {
        name.clone_into(&mut self.head.tool);
    }

    /// Notes why the scan report does not contain everything the tool would find.
    pub(crate) fn partial(&mut self, reason: &str) {
        let reason = text::line(&without_credentials(reason), 300);
        if self.head.not_whole.len() < 20 && !self.head.not_whole.contains(&reason) {
            self.head.not_whole.push(reason);
        }
    }

    /// Notes when the scan was done; the latest of several times counts.
    pub(crate) fn time(&mut self, time: Option<Time>) {
        self.head.time = self.head.time.max(time);
    }

    /// The target of the whole scan report. One that names none is about its project.
    pub(crate) fn target(&mut self, name: &str) {
        self.head.target = target_name(name);
    }

    /// The coverage of one target among several, such as a host (with the group of everything on it) or a site: the
    /// index for [`Draft::coverage`].
    ///
    /// # Errors
    /// Too many targets.
    pub(crate) fn covers(&mut self, target: &str, host: Option<u128>) -> Result<usize, String> {
        let target = target_name(target);
        if let Some(index) = self.index.get(&target) {
            return Ok(*index);
        }
        if self.coverage.len() == MAX_TARGETS {
            return Err(format!("there are more than {MAX_TARGETS} targets"));
        }
        let index = self.coverage.len();
        self.coverage.push(Coverage {
            target: target.clone(),
            host,
            ..Coverage::default()
        });
        self.index.insert(target, index);
        Ok(index)
    }

    /// Notes that the scan report covers everything that earlier ones of the caller's target found, not only the hosts
    /// it names: the tool names a host only if it found something.
    pub(crate) fn covers_all(&mut self) {
        for coverage in &mut self.coverage {
            coverage.host = None;
        }
    }

    /// Further facts about one target: when its scan was done, and whether it was scanned to the end.
    pub(crate) fn of_target(&mut self, index: usize, time: Option<Time>, partial: Option<&str>) {
        if let Some(coverage) = self.coverage.get_mut(index) {
            coverage.time = coverage.time.max(time);
            let reason = partial.map(|reason| text::line(&without_credentials(reason), 300));
            let new = |reason: &String| coverage.not_whole.len() < 20 && !coverage.not_whole.contains(reason);
            let reason = reason.filter(new);
            coverage.not_whole.extend(reason);
        }
    }

    /// What the scan report covers: its targets, or everything.
    fn coverage(self) -> Vec<Coverage> {
        let mut head = self.head;
        if self.unreadable > 0 {
            let entries = if self.unreadable == 1 { "entry" } else { "entries" };
            head.not_whole
                .push(format!("{} {entries} could not be read", self.unreadable));
        }
        if self.coverage.is_empty() {
            return vec![head];
        }
        let whole = |mut one: Coverage| {
            one.tool.clone_from(&head.tool);
            one.time = one.time.or(head.time);
            one.not_whole.splice(..0, head.not_whole.iter().cloned());
            one
        };
        self.coverage.into_iter().map(whole).collect()
    }
}

/// Maximum length of a target's name in characters.
const TARGET: usize = 300;

/// The name of a target, one line; a long one is shortened to its beginning and a unique hash.
pub(crate) fn target_name(name: &str) -> String {
    let whole = text::line(&without_credentials(name), usize::MAX / 128);
    if whole.chars().count() <= TARGET {
        return whole;
    }
    let hash = Hash::new("target").add(&whole).half();
    format!("{} {hash:016x}", text::cut(&whole, TARGET - 17))
}

/// A surveyed list.
pub(crate) struct List<R> {
    reader: R,
    entries: u32,
    coverage: Vec<Coverage>,
    paths: Paths,
}

impl<R: Reader> List<R> {
    /// Surveys a scan report.
    ///
    /// # Errors
    /// As for [`Reader`].
    pub(crate) fn survey(file: &mut dyn Source, options: &Options) -> Result<Box<dyn Surveyed>, Error> {
        let reader = R::survey(file, options)?;
        let mut paths = Paths::default();
        let mut each = |_: &dyn Display, entry| {
            if let Entry::Found(draft) = entry {
                paths.add(&draft.key.path);
            }
            true
        };
        let mut sink = Sink::new(R::TOOL, &mut each);
        reader.read(file, &mut sink)?;
        let (entries, coverage) = (sink.entries, sink.coverage());
        Ok(Box::new(Self {
            reader,
            entries,
            coverage,
            paths,
        }))
    }
}

impl<R: Reader> Surveyed for List<R> {
    fn entries(&self) -> u32 {
        self.entries
    }

    fn coverage(&self) -> &[Coverage] {
        &self.coverage
    }

    fn paths(&self) -> &Paths {
        &self.paths
    }

    fn each(
        &self,
        file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(&dyn Display, Outcome) -> bool,
    ) -> Result<(), Error> {
        let mut take = |place: &dyn Display, entry| {
            let outcome = match entry {
                Entry::Found(draft) => Outcome::Found(draft.coverage, Box::new(draft.found(R::TOOL, root))),
                Entry::Skipped(skip) => Outcome::Skipped(skip),
            };
            each(place, outcome)
        };
        let mut sink = Sink::new(R::TOOL, &mut take);
        let ended = self.reader.read(file, &mut sink);
        if sink.stopped { Ok(()) } else { ended }
    }

    fn identify(
        &self,
        file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(Option<Identified>) -> bool,
    ) -> Result<(), Error> {
        let mut take = |_: &dyn Display, entry| {
            each(match entry {
                Entry::Found(draft) => Some(draft.identified(root)),
                Entry::Skipped(_) => None,
            })
        };
        let mut sink = Sink::new(R::TOOL, &mut take);
        let ended = self.reader.read(file, &mut sink);
        if sink.stopped { Ok(()) } else { ended }
    }
}
