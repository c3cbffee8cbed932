//! A report that was checked, and its results.
//!
//! Owns: the passes over the file. Must not: know the shape of any object.

use std::{
    cell::RefCell,
    fmt,
    io::{Read, Seek},
};

use super::{
    bounds::Budget,
    finding,
    replay::Replay,
    result::Raw,
    survey::{Run, Survey},
};
use crate::{Coverage, Error, Options, Outcome, Paths, Skip, Source, Surveyed, json};

/// A report of which every value is known to be of the right shape.
pub struct Report {
    runs: Vec<Run>,
    coverage: Vec<Coverage>,
    /// The coverage of each run.
    covers: Vec<usize>,
    paths: Paths,
    results: u32,
}

/// Where a result stands in the report.
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

/// Surveys a whole report.
///
/// # Errors
/// [`Error::Refused`] for the first thing that does not fit, [`Error::Io`] if the file cannot be read.
pub(crate) fn survey(mut file: &mut dyn Source, _: &Options) -> Result<Box<dyn Surveyed>, Error> {
    Report::check(&mut file).map(|report| Box::new(report) as Box<dyn Surveyed>)
}

impl Report {
    /// Checks a whole report.
    ///
    /// # Errors
    /// As for [`survey`].
    pub fn check<F: Read + Seek>(file: &mut F) -> Result<Self, Error> {
        let budget = Budget::new();
        let mut survey = Survey::new(&budget);
        json::read(file, &mut survey)?;
        let (coverage, covers) = covered(&survey.runs);
        let mut report = Self {
            results: survey.runs.iter().map(|run| run.results).sum(),
            runs: survey.runs,
            coverage,
            covers,
            paths: Paths::default(),
        };
        let mut paths = Paths::default();
        report.replay(file, |_, run, raw| {
            if finding::skipped(raw).is_none() {
                paths.add(&finding::Read::new(run, raw).draft(0).key.path);
            }
            true
        })?;
        report.paths = paths;
        Ok(report)
    }

    fn outcome(&self, place: Place, run: &Run, raw: &Raw, root: &str) -> Outcome {
        if let Some(reason) = finding::skipped(raw) {
            return Outcome::Skipped(Skip::because(reason));
        }
        let coverage = self.covers.get(place.run).copied().unwrap_or_default();
        let draft = finding::Read::new(run, raw).draft(coverage);
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

/// Each tool and target of these runs once, and which of them each run is about.
fn covered(runs: &[Run]) -> (Vec<Coverage>, Vec<usize>) {
    let (mut coverage, mut covers): (Vec<Coverage>, Vec<usize>) = (Vec::new(), Vec::new());
    for run in runs {
        let tool = &run.tool.driver.name;
        let known = coverage.iter().position(|one| one.tool == *tool);
        let index = known.unwrap_or(coverage.len());
        if known.is_none() {
            let tool = tool.clone();
            coverage.push(Coverage {
                tool,
                ..Coverage::default()
            });
        }
        if let Some(one) = coverage.get_mut(index).filter(|_| !run.complete) {
            one.not_whole.push("the tool says that its run failed".to_owned());
        }
        covers.push(index);
    }
    (coverage, covers)
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
}
