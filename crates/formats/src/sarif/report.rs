//! A checked scan report, and its results.
//!
//! Owns: the passes over the file. Must not: know the shape of any object.

use std::{
    cell::RefCell,
    fmt,
    io::{Read, Seek},
};

use base::text;

use super::{
    bounds::Budget,
    finding,
    location::ArtifactLocation,
    place,
    replay::Replay,
    result::Raw,
    roots::is_url,
    survey::{Run, Survey, is_unrated},
};
use crate::{
    Coverage, Error, Identified, Options, Outcome, Paths, Skip, Source, Surveyed, draft::Draft, json,
};

/// A scan report that is known to be readable to its end.
pub struct Report {
    runs: Vec<Run>,
    coverage: Vec<Coverage>,
    /// The coverage of each run.
    covers: Vec<usize>,
    paths: Paths,
    results: u32,
}

/// The place of a result in the scan report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the run.
    pub run: usize,
    /// Index of the result in the run.
    pub result: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runs[{}].results[{}]", self.run, self.result)
    }
}

/// Surveys a whole scan report.
///
/// # Errors
/// [`Error::Refused`] for the first fault, [`Error::Io`] if the file cannot be read.
pub(crate) fn survey(mut file: &mut dyn Source, _: &Options) -> Result<Box<dyn Surveyed>, Error> {
    Report::check(&mut file).map(|report| Box::new(report) as Box<dyn Surveyed>)
}

impl Report {
    /// Surveys a whole scan report.
    ///
    /// # Errors
    /// As for [`survey`].
    pub fn check<F: Read + Seek>(file: &mut F) -> Result<Self, Error> {
        let budget = Budget::new();
        let mut survey = Survey::new(&budget);
        json::read(file, &mut survey)?;
        let mut paths = Paths::default();
        for run in &mut survey.runs {
            for (uri, base, index) in std::mem::take(&mut run.files) {
                let place = ArtifactLocation { uri, base, index };
                let path = run.roots.path(place::artifact(run, &place));
                paths.add(if is_url(&path) { "" } else { &path });
            }
            let without_message = std::mem::take(&mut run.without_message);
            let silent = without_message
                .iter()
                .filter(|rule| !finding::has_text(run, rule));
            run.unreadable += u32::try_from(silent.count()).unwrap_or(u32::MAX);
        }
        let mut report = Self {
            results: survey.runs.iter().map(|run| run.results).sum(),
            runs: survey.runs,
            coverage: Vec::new(),
            covers: Vec::new(),
            paths,
        };
        report.count_unreadable(file)?;
        (report.coverage, report.covers) = covered(&report.runs);
        Ok(report)
    }

    /// Counts the unreadable results again, with their rules, if a severity may be among the reasons: a rule may come
    /// after its results.
    fn count_unreadable<F: Read + Seek>(&mut self, file: &mut F) -> Result<(), Error> {
        let rules = |run: &Run| {
            let components = std::iter::once(&run.tool.driver).chain(&run.tool.extensions);
            components.flat_map(|component| &component.rules).any(is_unrated)
        };
        if !self.runs.iter().any(|run| run.unrated || rules(run)) {
            return Ok(());
        }
        let mut counts = vec![0_u32; self.runs.len()];
        self.replay(file, |place, run, raw| {
            let is_read = || finding::skipped(raw).is_some() || finding::Read::new(run, raw).is_ok();
            if let Some(count) = counts.get_mut(place.run) {
                *count += u32::from(raw.unfit.is_some() || !is_read());
            }
            true
        })?;
        for (run, count) in self.runs.iter_mut().zip(counts) {
            run.unreadable = count;
        }
        Ok(())
    }

    fn outcome(&self, place: Place, run: &Run, raw: &Raw, root: &str) -> Outcome {
        if let Some(what) = &raw.unfit {
            return Outcome::Skipped(Skip::unreadable(text::line(what, 300)));
        }
        if let Some(reason) = finding::skipped(raw) {
            return Outcome::Skipped(Skip::because(reason));
        }
        let coverage = self.covers.get(place.run).copied().unwrap_or_default();
        let read = match finding::Read::new(run, raw) {
            Ok(read) => read,
            Err(what) => return Outcome::Skipped(Skip::unreadable(text::line(&what, 300))),
        };
        let (title, description) = read.words();
        let draft = Draft {
            title,
            description: vec![description],
            ..read.draft(coverage)
        };
        Outcome::Found(coverage, Box::new(draft.found(&run.tool.driver.name, root)))
    }

    /// A pass over the results, each with its place and its run.
    fn replay<F: Read + Seek>(
        &self,
        file: &mut F,
        mut each: impl FnMut(Place, &Run, &Raw) -> bool,
    ) -> Result<(), Error> {
        let mut stopped = false;
        let each = RefCell::new(|run: usize, result: usize, raw: Raw| {
            let place = Place { run, result };
            let go_on = self.runs.get(run).is_some_and(|run| each(place, run, &raw));
            stopped = !go_on;
            go_on
        });
        let ended = json::read(file, &mut Replay(&each));
        if stopped { Ok(()) } else { ended }
    }
}

/// Each tool and target of these runs once, and the one that each run is about.
fn covered(runs: &[Run]) -> (Vec<Coverage>, Vec<usize>) {
    let (mut coverage, mut covers): (Vec<Coverage>, Vec<usize>) = (Vec::new(), Vec::new());
    for run in runs {
        let (tool, target) = (&run.tool.driver.name, &run.target);
        let known = coverage
            .iter()
            .position(|one| one.tool == *tool && one.target == *target);
        let index = known.unwrap_or(coverage.len());
        if known.is_none() {
            coverage.push(Coverage {
                tool: tool.clone(),
                target: target.clone(),
                ..Coverage::default()
            });
        }
        if let Some(one) = coverage.get_mut(index) {
            one.time = one.time.max(run.invocations.time());
            for reason in not_whole(run) {
                if !one.not_whole.contains(&reason) {
                    one.not_whole.push(reason);
                }
            }
        }
        covers.push(index);
    }
    (coverage, covers)
}

/// Why the results of a run are incomplete.
fn not_whole(run: &Run) -> impl Iterator<Item = String> {
    let missing = (!run.listed).then(|| "the run has no list of results".to_owned());
    let unreadable = match run.unreadable {
        0 => None,
        1 => Some("1 result could not be read".to_owned()),
        count => Some(format!("{count} results could not be read")),
    };
    missing
        .into_iter()
        .chain(run.invocations.not_whole())
        .chain(unreadable)
}

impl Surveyed for Report {
    fn entries(&self) -> u32 {
        self.results
    }

    fn coverage(&self) -> &[Coverage] {
        &self.coverage
    }

    fn paths(&self) -> &Paths {
        &self.paths
    }

    fn each(
        &self,
        mut file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(&dyn fmt::Display, Outcome) -> bool,
    ) -> Result<(), Error> {
        self.replay(&mut file, |place, run, raw| {
            each(&place, self.outcome(place, run, raw, root))
        })
    }

    fn identify(
        &self,
        mut file: &mut dyn Source,
        root: &str,
        each: &mut dyn FnMut(Option<Identified>) -> bool,
    ) -> Result<(), Error> {
        self.replay(&mut file, |place, run, raw| {
            if raw.unfit.is_some() || finding::skipped(raw).is_some() {
                return each(None);
            }
            let coverage = self.covers.get(place.run).copied().unwrap_or_default();
            let read = finding::Read::new(run, raw);
            each(read.ok().map(|read| read.draft(coverage).identified(root)))
        })
    }
}
