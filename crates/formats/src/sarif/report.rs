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
use crate::{
    Error, Outcome, Source, Surveyed, ToolRun,
    identity::{Crowd, Identity, Mark, fingerprint},
    json,
};

/// A report of which every value is known to be of the right shape.
pub struct Report {
    runs: Vec<Run>,
    crowd: Crowd,
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

impl Report {
    /// Checks a whole report.
    ///
    /// # Errors
    /// [`Error::Refused`] for the first thing that does not fit, [`Error::Io`] if the file cannot be read.
    pub fn check<F: Read + Seek>(file: &mut F) -> Result<Self, Error> {
        let budget = Budget::new();
        let mut survey = Survey::new(&budget);
        json::read(file, &mut survey)?;
        let mut report = Self {
            results: survey.runs.iter().map(|run| run.results).sum(),
            runs: survey.runs,
            crowd: Crowd::new(Vec::new()),
        };
        report.crowd = Crowd::new(report.identities(file)?);
        Ok(report)
    }

    /// How many results it has, skipped ones included.
    pub fn results(&self) -> u32 {
        self.results
    }

    /// Its tools, each name once, in the order they come.
    pub fn tools(&self) -> Vec<ToolRun> {
        let mut tools: Vec<ToolRun> = Vec::new();
        for run in &self.runs {
            let (name, complete) = (&run.tool.driver.name, run.complete);
            match tools.iter_mut().find(|tool| tool.name == *name) {
                Some(tool) => tool.complete &= complete,
                None => tools.push(ToolRun {
                    name: name.clone(),
                    complete,
                }),
            }
        }
        tools
    }

    /// Hands out every result in the order of the file, until `each` says false. `file` is the one that was checked.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Refused`] if it is not the one that was checked.
    pub fn each<F: Read + Seek>(
        &self,
        file: &mut F,
        mut each: impl FnMut(Place, Outcome) -> bool,
    ) -> Result<(), Error> {
        let tools = self.tools();
        let tool_of = |run: &Run| tools.iter().position(|tool| tool.name == run.tool.driver.name);
        let tool_of: Vec<_> = self
            .runs
            .iter()
            .map(tool_of)
            .map(Option::unwrap_or_default)
            .collect();
        self.replay(file, |place, index, run, raw| {
            let tool = tool_of.get(place.run).copied().unwrap_or_default();
            each(place, self.outcome(index, tool, run, raw))
        })
    }

    fn outcome(&self, index: u32, tool: usize, run: &Run, raw: &Raw) -> Outcome {
        if let Some(reason) = finding::skipped(raw) {
            return Outcome::Skipped(reason);
        }
        let mark = self.crowd.mark(index);
        if let Some(Mark::Duplicate(first)) = mark {
            return Outcome::Skipped(format!("duplicate of {}", self.place(first)));
        }
        let read = finding::Read::new(run, raw);
        let fingerprint = fingerprint(&read.identity(), mark);
        Outcome::Found(tool, Box::new(read.finding(fingerprint)))
    }

    /// The second pass: what identifies each result that is to be imported.
    fn identities<F: Read + Seek>(&self, file: &mut F) -> Result<Vec<(Identity, u32)>, Error> {
        let mut identities = Vec::new();
        self.replay(file, |_, index, run, raw| {
            if finding::skipped(raw).is_none() {
                identities.push((finding::Read::new(run, raw).identity(), index));
            }
            true
        })?;
        Ok(identities)
    }

    /// A pass over the results, each with its place, its index in the whole report and its run.
    fn replay<F: Read + Seek>(
        &self,
        file: &mut F,
        mut each: impl FnMut(Place, u32, &Run, &Raw) -> bool,
    ) -> Result<(), Error> {
        let mut index = 0;
        let mut stopped = false;
        let each = RefCell::new(|run: usize, result: usize, raw: Raw| {
            let place = Place { run, result };
            let go_on = self
                .runs
                .get(run)
                .is_some_and(|run| each(place, index, run, &raw));
            index += 1;
            stopped = !go_on;
            go_on
        });
        let ended = json::read(file, &mut Replay(&each));
        if stopped { Ok(()) } else { ended }
    }

    /// Where the result with this index in the whole report stands.
    fn place(&self, index: u32) -> Place {
        let mut left = index;
        for (run, found) in self.runs.iter().enumerate() {
            if left < found.results {
                let result = left as usize;
                return Place { run, result };
            }
            left -= found.results;
        }
        Place {
            run: self.runs.len(),
            result: 0,
        }
    }
}

impl Surveyed for Report {
    fn entries(&self) -> u32 {
        self.results
    }

    fn tools(&self) -> Vec<ToolRun> {
        Self::tools(self)
    }

    fn each(
        &self,
        mut file: &mut dyn Source,
        each: &mut dyn FnMut(&dyn fmt::Display, Outcome) -> bool,
    ) -> Result<(), Error> {
        Self::each(self, &mut file, |place, outcome| each(&place, outcome))
    }
}
