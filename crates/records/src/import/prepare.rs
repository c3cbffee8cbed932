//! Prepares an import before the first entry is read.
//!
//! Owns: which targets a scan report covers, whether it is the latest of each, whether it closes anything, and the root
//! folder of its paths. Must not: write, except for new targets; read many rows in the transaction that does.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use base::{Id, Scope, Time, text};
use formats::Surveyed;
use store::{Select, Tx};

use super::{
    plan::{self, Untargeted},
    reasons::Reasons,
    tally::Tally,
    work::{Slot, Work},
};
use crate::{
    By, Named, Place, Refused, Settings,
    column::{id_or_none, time_or_none},
    findings::{evidence, responsible::ByRule},
    projects, scans,
    targets::{self, Existing},
};

/// How far ahead of ours a scan report's clock may be.
const AHEAD: Duration = Duration::from_mins(5);
/// Targets named in a response.
const NAMED: usize = 100;
/// Rows read at once.
const PAGE: usize = 2_000;

/// The caller's request.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) scope: Scope,
    pub(super) company: Id,
    pub(super) project: Option<Id>,
    pub(super) by: By,
    /// The target the caller names.
    pub(super) target: Option<String>,
    /// Whether anything that is not in the scan report is closed; none for the format's default.
    pub(super) close: Option<bool>,
    /// Whether the format closes by default.
    pub(super) format_closes: bool,
    pub(super) preview: bool,
}

/// The result.
pub(super) struct Prepared {
    pub(super) work: Arc<Work>,
    pub(super) planned: Vec<plan::Target>,
    /// The target of each of the scan report's coverages.
    pub(super) of_coverage: Vec<usize>,
    pub(super) coverage: Vec<targets::Coverage>,
    pub(super) tools: Vec<String>,
    pub(super) root: String,
    /// Whether that is certainly the same folder as before.
    pub(super) certain: bool,
    /// Why the scan report is incomplete.
    pub(super) not_whole: Vec<String>,
    pub(super) whole: bool,
    untargeted: Vec<UntargetedRow>,
}

/// A target under construction.
struct Draft {
    family: String,
    tool: String,
    name: String,
    time: Option<Time>,
    not_whole: Vec<String>,
    /// The groups it covers; none for all.
    hosts: Option<HashSet<u128>>,
}

/// Finds the targets of a scan report; new ones are created, except for a preview.
pub(super) fn prepare(
    tx: &mut Tx<'_>,
    report: &dyn Surveyed,
    wanted: &Wanted,
    settings: Settings,
) -> Result<Prepared, Refused> {
    let place = place(tx, wanted)?;
    let (drafts, of_coverage) = drafts(report, wanted);
    let now = tx.now();
    let mut reasons = Reasons::default();
    let (mut slots, mut planned, mut coverage) = (Vec::new(), Vec::new(), Vec::new());
    for (index, draft) in drafts.iter().enumerate() {
        let key = (draft.family.as_str(), draft.name.as_str());
        let held = if wanted.preview {
            targets::find(tx, &place, key)?
        } else {
            Some(targets::ensure(tx, &place, key, &draft.tool)?)
        };
        let (reported_at, ahead) = match draft.time {
            Some(time) if time > now.after(AHEAD) => (now, true),
            time => (time.unwrap_or(now), false),
        };
        let mut not_whole = draft.not_whole.clone();
        if ahead {
            reasons.add(
                index,
                "the scan report's time is in the future; the current time is used instead",
            );
        }
        let latest = held.as_ref().and_then(|held| held.reported_at);
        let older = latest.is_some_and(|latest| reported_at < latest);
        if older {
            not_whole.push(format!(
                "a newer scan report of this target exists ({}): only findings that do not exist yet are added",
                time_or_none(latest)
            ));
        }
        let whole = not_whole.is_empty();
        for reason in &not_whole {
            reasons.add(index, reason);
        }
        let closes = wanted.close.unwrap_or(wanted.format_closes) && whole && !older;
        let id = held.as_ref().map(|held| held.id);
        planned.push(plan::Target {
            id,
            tool: draft.family.clone(),
            closes,
            hosts: draft.hosts.clone(),
        });
        slots.push(Slot {
            id,
            tool: draft.tool.clone(),
            name: draft.name.clone(),
            reported_at,
            older,
            asset: asset(tx, wanted.company, &draft.name)?,
        });
        coverage.extend(held.map(|target| targets::Coverage {
            target,
            reported_at,
            older,
            whole,
            not_whole,
            root: String::new(),
        }));
    }
    let whole = coverage.iter().all(|one| one.whole) && drafts.iter().all(|one| one.not_whole.is_empty());
    let named = drafts
        .iter()
        .map(|draft| (draft.tool.as_str(), draft.name.as_str()));
    let not_whole = reasons.words(&named.collect::<Vec<_>>());
    Ok(Prepared {
        work: Arc::new(Work {
            place,
            by: wanted.by.clone(),
            scan: None,
            targets: slots,
            settings,
            rules: ByRule::default(),
        }),
        planned,
        of_coverage,
        coverage,
        tools: tools(&drafts),
        root: String::new(),
        certain: false,
        not_whole,
        whole,
        untargeted: Vec::new(),
    })
}

/// The names of the scan report's tools, each once.
fn tools(drafts: &[Draft]) -> Vec<String> {
    let mut tools: Vec<String> = Vec::new();
    for draft in drafts {
        if !tools.contains(&draft.tool) && tools.len() < NAMED {
            tools.push(draft.tool.clone());
        }
    }
    tools
}

/// The destination of a scan report. An import locks its project, a preview locks nothing.
fn place(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Place, Refused> {
    if !wanted.preview {
        return Place::find(tx, &wanted.scope, wanted.company, wanted.project);
    }
    let mut place = Place::find(tx, &wanted.scope, wanted.company, None)?;
    if let Some(project) = wanted.project {
        let project = projects::get(tx, project, &Scope::of([wanted.company]))?;
        place.project = Some(Named {
            id: project.id,
            name: project.name,
        });
    }
    Ok(place)
}

/// The targets of a scan report, each once, and the one of each coverage.
fn drafts(report: &dyn Surveyed, wanted: &Wanted) -> (Vec<Draft>, Vec<usize>) {
    let (mut drafts, mut of_coverage): (Vec<Draft>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for one in report.coverage() {
        let family = targets::family(&one.tool);
        let name = wanted.target.clone().unwrap_or_else(|| one.target.clone());
        let index = *known
            .entry((family.clone(), name.clone()))
            .or_insert(drafts.len());
        if index == drafts.len() {
            drafts.push(Draft {
                family,
                tool: one.tool.clone(),
                name,
                time: None,
                not_whole: Vec::new(),
                hosts: one.host.map(|_| HashSet::new()),
            });
        }
        if let Some(draft) = drafts.get_mut(index) {
            draft.time = draft.time.max(one.time);
            let new = one
                .not_whole
                .iter()
                .filter(|reason| !draft.not_whole.contains(reason))
                .cloned();
            let new: Vec<_> = new.collect();
            draft.not_whole.extend(new);
            match (&mut draft.hosts, one.host) {
                (Some(hosts), Some(host)) => drop(hosts.insert(host)),
                (hosts, _) => *hosts = None,
            }
        }
        of_coverage.push(index);
    }
    (drafts, of_coverage)
}

const ASSETS: &str = "select a.id, a.name from assets a where 1 = 1";

/// The asset of a company with this identifier.
fn asset(tx: &mut Tx<'_>, company: Id, name: &str) -> Result<Option<Named>, Refused> {
    if name.is_empty() {
        return Ok(None);
    }
    let row: Option<(Id, String)> = Select::new(ASSETS)
        .filter("a.company_id = ?", Some(company))
        .filter("a.identifier = ?", Some(name))
        .push(" order by a.id limit 1", Vec::new())
        .one(tx)?;
    Ok(row.map(|(id, name)| Named { id, name }))
}

type UntargetedRow = (String, Id, String, crate::findings::Status);

/// The findings of the scan report's tools in this place that no scan report of this version has matched yet.
fn untargeted(
    tx: &mut Tx<'_>,
    place: &Place,
    families: &BTreeSet<&str>,
) -> Result<Vec<UntargetedRow>, Refused> {
    let project = id_or_none(place.project.as_ref().map(|project| project.id));
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = evidence::untargeted(tx, (place.company.id, &project), &after, PAGE)?;
        let Some((last, ..)) = page.last() else {
            return Ok(found);
        };
        after = last.to_string();
        let full = page.len() == PAGE;
        for (id, tool, print, status) in page {
            let family = targets::family(&tool);
            if families.contains(family.as_str()) {
                found.push((family, id, print, status));
            }
        }
        if !full {
            return Ok(found);
        }
    }
}

impl Prepared {
    /// Reads the existing findings: the root folder of the paths, and what no scan report of this version has matched
    /// yet. Nothing else writes them while the import holds its targets.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn read_existing(&mut self, tx: &mut Tx<'_>, report: &dyn Surveyed) -> Result<(), Refused> {
        let mut paths = BTreeSet::new();
        for one in &self.coverage {
            paths.extend(evidence::paths(tx, one.target.id)?);
        }
        let mut known = self.coverage.iter().map(|one| one.target.root.as_str());
        let root = report
            .paths()
            .root(known.find(|root| !root.is_empty()).unwrap_or_default(), &paths);
        (self.root, self.certain) = (root.path, root.certain);
        for one in &mut self.coverage {
            one.root.clone_from(&self.root);
        }
        let families = self.planned.iter().map(|target| target.tool.as_str()).collect();
        self.untargeted = untargeted(tx, &self.work.place, &families)?;
        Ok(())
    }

    /// The old findings, by tool.
    pub(super) fn untargeted(&self) -> BTreeMap<String, Untargeted> {
        let mut by_tool: BTreeMap<String, Untargeted> = BTreeMap::new();
        for (family, id, print, status) in &self.untargeted {
            by_tool
                .entry(family.clone())
                .or_default()
                .add(print.clone(), *id, *status);
        }
        by_tool
    }

    /// The names of its targets, shortened.
    pub(super) fn target(&self) -> String {
        let names: Vec<_> = self.work.targets.iter().map(|slot| slot.name.as_str()).collect();
        match names.as_slice() {
            [first, second, third, rest @ ..] if !rest.is_empty() => {
                format!("{first}, {second}, {third} and {} more", rest.len())
            }
            names => text::line(&names.join(", "), 1_000),
        }
    }

    /// What the scan stores about it.
    pub(super) fn report(&self, tally: &Tally) -> scans::Report {
        let covered = |one: (&Slot, &Existing)| scans::Covered {
            id: one.1.id,
            name: one.0.name.clone(),
            tool: one.0.tool.clone(),
            older: one.0.older,
        };
        let held = self.coverage.iter().map(|one| &one.target);
        scans::Report {
            targets: self
                .work
                .targets
                .iter()
                .zip(held)
                .map(covered)
                .take(NAMED)
                .collect(),
            targets_count: self.work.targets.len() as u64,
            whole: self.whole,
            not_whole: self.not_whole.clone(),
            severities: tally.severities.clone(),
            ..scans::Report::default()
        }
    }
}

impl Prepared {
    /// The ids of the existing targets.
    pub(super) fn target_ids(&self) -> Vec<Id> {
        self.work.targets.iter().filter_map(|slot| slot.id).collect()
    }
}
