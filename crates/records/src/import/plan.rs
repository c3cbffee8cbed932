//! Matches every entry of a scan report before anything is written.
//!
//! Owns: joining the entries of a scan report with the stored findings of its targets, group by group, in bounded
//! memory; and the findings of versions before 0.2, which have a fingerprint and no evidence. Must not: write, or
//! decide what is the same ([`matching`](crate::matching) does).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use base::Id;
use formats::{Identified, Old, OldNumbering, Surveyed};
use store::Store;
use tokio::runtime::Handle;

use super::sort::{Item, Sorted, Sorter};
use crate::{
    Refused,
    findings::{
        Status,
        evidence::{self, Cursor, Known},
    },
    matching::{Entry, Found, Stored, match_group},
};

/// How many stored findings are read at once.
const PAGE: usize = 2_000;

/// One target of an import, as far as matching needs it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Its id; none for a preview with a target that does not exist yet.
    pub(super) id: Option<Id>,
    /// The tool's family.
    pub(super) tool: String,
    /// Whether anything that is not in the scan report is gone.
    pub(super) closes: bool,
    /// For a scan report about hosts: the groups it covers.
    pub(super) hosts: Option<HashSet<u128>>,
}

/// The input of matching.
pub(super) struct Planning<'a> {
    pub(super) report: &'a dyn Surveyed,
    pub(super) file: &'a mut File,
    pub(super) root: &'a str,
    /// Whether that is certainly the same folder as before. If not, no verdict covers a match below it.
    pub(super) certain: bool,
    pub(super) folder: PathBuf,
    pub(super) targets: &'a [Target],
    /// The target of each of the scan report's coverages.
    pub(super) of_coverage: &'a [usize],
    /// Findings of these tools in this place that have an old fingerprint and no evidence.
    pub(super) untargeted: BTreeMap<String, Untargeted>,
    pub(super) store: Store,
    pub(super) runtime: Handle,
}

/// Findings of one tool with old fingerprints.
#[derive(Debug, Default)]
pub(super) struct Untargeted {
    by_print: HashMap<String, (Id, Status)>,
}

impl Untargeted {
    pub(super) fn add(&mut self, print: String, id: Id, status: Status) {
        self.by_print.insert(print, (id, status));
    }
}

/// The match of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    New,
    /// This finding; `content` tells whether its verdict applies.
    Same(Id, bool),
    /// This old finding, by its fingerprint.
    Adopted(Id),
    /// A duplicate of the entry with this index.
    Duplicate(u32),
}

/// The matches of a scan report.
pub(super) struct Plan {
    results: File,
    /// Findings with a verdict that cover some of an entry's places.
    pub(super) covered: HashMap<u32, Vec<Id>>,
    /// The finding with a verdict that a new entry differs from.
    pub(super) related: HashMap<u32, Id>,
    /// The indices of entries that others repeat.
    pub(super) repeated: HashSet<u32>,
    gone: File,
    pub(super) gone_count: u64,
}

/// Size of one result in bytes.
const RESULT: usize = 21;
/// Maximum number of recorded duplicates and of new entries that differ from a finding with a verdict; the rest is not
/// named.
const NOTES: usize = 100_000;

impl Plan {
    fn new(folder: &std::path::Path, entries: u32) -> io::Result<Self> {
        let results = tempfile::tempfile_in(folder)?;
        results.set_len(u64::from(entries) * RESULT as u64)?;
        Ok(Self {
            results,
            covered: HashMap::new(),
            related: HashMap::new(),
            repeated: HashSet::new(),
            gone: tempfile::tempfile_in(folder)?,
            gone_count: 0,
        })
    }

    fn set(&mut self, index: u32, matched: Match) -> io::Result<()> {
        let mut bytes = [0; RESULT];
        let (kind, id, other) = match matched {
            Match::New => (1, None, 0),
            Match::Same(id, content) => (if content { 3 } else { 2 }, Some(id), 0),
            Match::Adopted(id) => (4, Some(id), 0),
            Match::Duplicate(other) => (5, None, other),
        };
        let (head, rest) = bytes.split_at_mut(1);
        head.copy_from_slice(&[kind]);
        let (id_bytes, index_bytes) = rest.split_at_mut(16);
        if let Some(id) = id {
            id_bytes.copy_from_slice(id.as_bytes());
        }
        index_bytes.copy_from_slice(&other.to_le_bytes());
        self.results
            .seek(SeekFrom::Start(u64::from(index) * RESULT as u64))?;
        self.results.write_all(&bytes)
    }

    /// The results in the order of the scan report.
    pub(super) fn results(&self) -> io::Result<Results> {
        let mut file = self.results.try_clone()?;
        file.rewind()?;
        Ok(Results(io::BufReader::new(file)))
    }

    fn gone(&mut self, id: Id) -> io::Result<()> {
        self.gone_count += 1;
        self.gone.write_all(id.as_bytes())
    }

    /// The findings that are gone from their target: at most `most`, from `start`.
    pub(super) fn gone_from(&self, start: u64, most: usize) -> io::Result<Vec<Id>> {
        let mut file = self.gone.try_clone()?;
        file.seek(SeekFrom::Start(start * 16))?;
        let left = usize::try_from(self.gone_count - start.min(self.gone_count)).unwrap_or(most);
        let mut ids = Vec::new();
        for _ in 0..left.min(most) {
            let mut bytes = [0; 16];
            file.read_exact(&mut bytes)?;
            ids.push(Id::from_bytes(bytes));
        }
        Ok(ids)
    }
}

/// Results, one by one.
pub(super) struct Results(io::BufReader<File>);

impl Results {
    /// The match of the next entry; none for a skipped one.
    pub(super) fn next(&mut self) -> io::Result<Option<Match>> {
        let mut bytes = [0; RESULT];
        self.0.read_exact(&mut bytes)?;
        let [kind, rest @ ..] = bytes;
        let (id, index) = rest.split_at(16);
        let id = Id::from_bytes(id.try_into().unwrap_or_default());
        let index = u32::from_le_bytes(index.try_into().unwrap_or_default());
        Ok(match kind {
            1 => Some(Match::New),
            2 => Some(Match::Same(id, false)),
            3 => Some(Match::Same(id, true)),
            4 => Some(Match::Adopted(id)),
            5 => Some(Match::Duplicate(index)),
            _ => None,
        })
    }
}

/// Matches a whole scan report. It blocks.
pub(super) fn plan(mut planning: Planning<'_>) -> Result<Plan, Refused> {
    let (items, crowds) = identify(&mut planning)?;
    let plan = Plan::new(&planning.folder, planning.report.entries()).map_err(|error| unwritten(&error))?;
    let mut matching = Matching {
        planning,
        crowds,
        plan,
        adopted: HashSet::new(),
    };
    matching.run(items)?;
    Ok(matching.plan)
}

fn unwritten(error: &io::Error) -> Refused {
    super::room::unwritten(error)
}

/// The entries, sorted, and the numbering for old fingerprints.
fn identify(planning: &mut Planning<'_>) -> Result<(Sorted, BTreeMap<String, OldNumbering>), Refused> {
    let mut sorter = Sorter::new(&planning.folder);
    let mut olds: BTreeMap<&str, Vec<(Old, u32)>> = BTreeMap::new();
    let (mut index, mut failed) = (0, None);
    let mut each = |identified: Option<Identified>| {
        if let Some(found) = identified {
            let slot = planning
                .of_coverage
                .get(found.coverage)
                .copied()
                .unwrap_or_default();
            let tool = planning
                .targets
                .get(slot)
                .map_or("", |target| target.tool.as_str());
            if planning.untargeted.contains_key(tool) {
                olds.entry(tool).or_default().push((found.old, index));
            }
            let item = Item {
                target: u32::try_from(slot).unwrap_or_default(),
                index,
                identity: found.identity,
                old: found.old,
            };
            failed = sorter.push(item).err();
        }
        index += 1;
        failed.is_none()
    };
    planning
        .report
        .identify(planning.file, planning.root, &mut each)
        .map_err(|error| {
            tracing::error!(%error, "a checked scan report could not be read again");
            Refused::Fault
        })?;
    if let Some(error) = failed {
        return Err(unwritten(&error));
    }
    let crowds = olds
        .into_iter()
        .map(|(tool, olds)| (tool.to_owned(), OldNumbering::new(olds)))
        .collect();
    Ok((sorter.sorted().map_err(|error| unwritten(&error))?, crowds))
}

struct Matching<'a> {
    planning: Planning<'a>,
    crowds: BTreeMap<String, OldNumbering>,
    plan: Plan,
    /// The tools with an old finding that was found again.
    adopted: HashSet<String>,
}

/// The stored findings of one target, page by page.
struct Pages {
    target: Option<Id>,
    cursor: Cursor,
    page: std::collections::VecDeque<Known>,
    ended: bool,
}

impl Pages {
    fn new(target: Option<Id>) -> Self {
        Self {
            target,
            cursor: Cursor::default(),
            page: std::collections::VecDeque::new(),
            ended: target.is_none(),
        }
    }

    /// The group of the next finding.
    fn peek(&mut self, store: &Store, runtime: &Handle) -> Result<Option<u128>, Refused> {
        while let (true, false, Some(target)) = (self.page.is_empty(), self.ended, self.target) {
            let cursor = self.cursor.clone();
            let read = store.read(move |tx| evidence::page(tx, target, &cursor, PAGE).map_err(Refused::from));
            let (page, cursor) = runtime.block_on(read)?;
            self.ended = page.len() < PAGE;
            self.page = page.into();
            self.cursor = cursor;
        }
        Ok(self.page.front().map(|known| known.identity.group))
    }

    /// All findings of this group, which must be the next one.
    fn group(&mut self, group: u128, store: &Store, runtime: &Handle) -> Result<Vec<Known>, Refused> {
        let mut found = Vec::new();
        while self.peek(store, runtime)? == Some(group) {
            found.extend(self.page.pop_front());
        }
        Ok(found)
    }
}

impl Matching<'_> {
    fn run(&mut self, mut items: Sorted) -> Result<(), Refused> {
        for slot in 0..self.planning.targets.len() {
            let number = u32::try_from(slot).unwrap_or_default();
            let mut pages = Pages::new(self.planning.targets.get(slot).and_then(|target| target.id));
            loop {
                let stored = pages.peek(&self.planning.store, &self.planning.runtime)?;
                let entry = items
                    .peek()
                    .filter(|(target, _)| *target == number)
                    .map(|(_, group)| group);
                let Some(group) = [stored, entry].into_iter().flatten().min() else {
                    break;
                };
                let known = pages.group(group, &self.planning.store, &self.planning.runtime)?;
                let entries = if entry == Some(group) {
                    items.group().map_err(|error| unwritten(&error))?
                } else {
                    Vec::new()
                };
                self.group(slot, known, entries)?;
            }
        }
        self.untargeted_gone()
    }

    fn group(&mut self, slot: usize, known: Vec<Known>, items: Vec<Item>) -> Result<(), Refused> {
        let olds: Vec<(u32, Old)> = items.iter().map(|item| (item.index, item.old)).collect();
        let group = items.first().map(|item| item.identity.group);
        let group = group
            .or_else(|| known.first().map(|known| known.identity.group))
            .unwrap_or_default();
        let statuses: Vec<Status> = known.iter().map(|known| known.status).collect();
        let stored: Vec<Stored> = known
            .into_iter()
            .map(|known| Stored {
                id: known.id,
                verdict: known.status.is_verdict(),
                present: known.present,
                identity: known.identity,
            })
            .collect();
        let entries: Vec<Entry> = items
            .into_iter()
            .map(|item| Entry {
                index: item.index,
                identity: item.identity,
            })
            .collect();
        let matched = match_group(&stored, &entries);
        let certain = self.planning.certain;
        let id = |at: usize| stored.get(at).map(|one| one.id);
        let mut seen = HashSet::new();
        for ((index, old), found) in olds.into_iter().zip(matched.entries) {
            let matched = match found {
                Found::Same { stored: at, .. }
                    if !certain && stored.get(at).is_some_and(|one| one.verdict) =>
                {
                    if let Some(judged) = id(at) {
                        self.plan.related.insert(index, judged);
                    }
                    Match::New
                }
                Found::Same { stored, content } => {
                    seen.insert(stored);
                    id(stored).map_or(Match::New, |id| Match::Same(id, content && certain))
                }
                Found::Duplicate(other) => {
                    if self.plan.repeated.len() < NOTES {
                        self.plan.repeated.insert(other);
                    }
                    Match::Duplicate(other)
                }
                Found::New => self.adopt(slot, index, &old).map_or(Match::New, Match::Adopted),
            };
            self.plan.set(index, matched).map_err(|error| unwritten(&error))?;
        }
        for (entry, by) in matched.covered {
            seen.extend(by.iter().copied());
            if let Some(entry) = entries.get(entry) {
                self.plan
                    .covered
                    .insert(entry.index, by.into_iter().filter_map(id).collect());
            }
        }
        for (judged, entry) in matched.related {
            if let (Some(entry), Some(judged)) = (entries.get(entry), id(judged))
                && self.plan.related.len() < NOTES
            {
                self.plan.related.insert(entry.index, judged);
            }
        }
        let Some(target) = self.planning.targets.get(slot) else {
            return Ok(());
        };
        let covers = target.hosts.as_ref().is_none_or(|hosts| hosts.contains(&group));
        if !target.closes || !covers {
            return Ok(());
        }
        for (at, (one, status)) in stored.iter().zip(statuses).enumerate() {
            if !seen.contains(&at) && status != Status::Closed {
                self.plan.gone(one.id).map_err(|error| unwritten(&error))?;
            }
        }
        Ok(())
    }

    /// The old finding with the fingerprint of this entry.
    fn adopt(&mut self, slot: usize, index: u32, old: &Old) -> Option<Id> {
        let tool = &self.planning.targets.get(slot)?.tool;
        let print = self.crowds.get(tool)?.fingerprint(old, index)?;
        let (id, _) = self.planning.untargeted.get_mut(tool)?.by_print.remove(&print)?;
        self.adopted.insert(tool.clone());
        Some(id)
    }

    /// Old findings that a complete scan report of their tool no longer contains, if it contains at least one of them.
    fn untargeted_gone(&mut self) -> Result<(), Refused> {
        let targets = self.planning.targets.iter().filter(|target| target.closes);
        let closing: HashSet<&str> = targets.map(|target| target.tool.as_str()).collect();
        let mut gone: Vec<Id> = Vec::new();
        for (tool, left) in &self.planning.untargeted {
            if closing.contains(tool.as_str()) && self.adopted.contains(tool) {
                let open = left
                    .by_print
                    .values()
                    .filter(|(_, status)| *status != Status::Closed);
                gone.extend(open.map(|(id, _)| *id));
            }
        }
        gone.sort_unstable();
        for id in gone {
            self.plan.gone(id).map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }
}
