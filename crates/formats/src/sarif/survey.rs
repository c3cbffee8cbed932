//! The first pass: whether it is SARIF 2.1.0, whether every value that is read has the right shape, and the metadata of
//! its runs, anywhere in the file.
//!
//! Owns: the shape of the log and of a run. Must not: keep results.

use std::collections::HashSet;

use serde::de::MapAccess;

use super::{
    about::{Artifacts, Automation, Image},
    bounds::{Budget, MAX_RESULTS, MAX_RUNS},
    component::{Component, Components, Tool, ToolReader},
    finding,
    invocation::Invocations,
    location::{ArtifactLocation, BASE},
    result::Raw,
    roots::{MAX_BASES, Roots},
    rule::{Reference, Rule},
    severity,
};
use crate::json::{
    scalar::cut,
    walk::{Elements, Fields, Value},
};

/// A run without its results.
#[derive(Default)]
pub(super) struct Run {
    pub(super) tool: Tool,
    pub(super) taxonomies: Vec<Component>,
    /// Its artifacts, by index.
    pub(super) artifacts: Vec<ArtifactLocation>,
    pub(super) roots: Roots,
    /// What it states to cover; may be empty.
    pub(super) target: String,
    pub(super) invocations: Invocations,
    /// The number of its results.
    pub(super) results: u32,
    /// Whether it has a list of results.
    pub(super) listed: bool,
    /// The number of its unreadable results, as far as known without their rules.
    pub(super) unreadable: u32,
    /// Whether the severity of a result cannot be read, or possibly cannot because it has no level.
    pub(super) unrated: bool,
    /// The rules of results that have no message.
    pub(super) without_message: Vec<Reference>,
    /// Where its results are, as far as they are kept.
    pub(super) files: HashSet<(String, String, Option<usize>)>,
}

impl Run {
    fn note(&mut self, raw: Raw, budget: &Budget) {
        self.results += 1;
        if raw.unfit.is_some() {
            self.unreadable += 1;
            return;
        }
        if finding::skipped(&raw).is_some() {
            return;
        }
        self.unrated |= raw.level.is_none() && severity::rated([&raw.bag]).is_err();
        if !raw.has_message && budget.without_message() {
            self.without_message.push(raw.rule);
        } else if !raw.has_message {
            self.unreadable += 1;
        }
        for location in raw.locations.kept {
            let ArtifactLocation { uri, base, index } = location.artifact;
            let place = (uri, base, index);
            if !self.files.contains(&place) && budget.place() {
                self.files.insert(place);
            }
        }
    }
}

/// Whether a rule has a severity for its results that cannot be read.
pub(super) fn is_unrated(rule: &Rule) -> bool {
    !rule.unknown_level.is_empty() || severity::rated([&rule.bag]).is_err()
}

/// Reads a whole scan report.
pub(super) struct Survey<'b> {
    pub(super) runs: Vec<Run>,
    budget: &'b Budget,
    results: u32,
    version: bool,
    listed: bool,
}

impl<'b> Survey<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self {
            runs: Vec::new(),
            budget,
            results: 0,
            version: false,
            listed: false,
        }
    }
}

impl Fields for Survey<'_> {
    const WHAT: &'static str = "a SARIF log object";
    const KEYS: &'static [&'static str] = &["version", "runs"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        if key == "version" {
            self.version = value.word(&["2.1.0"])?.is_some();
        } else {
            let mut runs = Runs {
                into: &mut self.runs,
                budget: self.budget,
                results: &mut self.results,
            };
            self.listed = value.each(&mut runs)?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), (&'static str, &'static str)> {
        if !self.listed {
            return Err(("runs", "missing; this is not a SARIF report"));
        }
        if !self.version {
            return Err(("version", "missing; it must be 2.1.0"));
        }
        Ok(())
    }
}

/// Collects runs.
struct Runs<'a, 'b> {
    into: &'a mut Vec<Run>,
    budget: &'b Budget,
    /// Results so far.
    results: &'a mut u32,
}

impl<'b> Elements for Runs<'_, 'b> {
    type Item = RunReader<'b>;

    fn begin(&mut self, index: usize) -> Result<RunReader<'b>, String> {
        if index >= MAX_RUNS {
            return Err(format!("there are more than {MAX_RUNS} runs"));
        }
        Ok(RunReader {
            run: Run::default(),
            budget: self.budget,
            before: *self.results,
            equipped: false,
            bases: Vec::new(),
            image: String::new(),
        })
    }

    fn end(&mut self, _: usize, item: RunReader<'b>) -> Result<(), String> {
        let mut run = item.run;
        run.roots = Roots::new(&item.bases);
        if run.target.is_empty() {
            run.target = item.image;
        }
        *self.results += run.results;
        self.into.push(run);
        Ok(())
    }
}

/// Reads a run.
struct RunReader<'b> {
    run: Run,
    budget: &'b Budget,
    /// The number of results of earlier runs.
    before: u32,
    equipped: bool,
    /// `originalUriBaseIds`.
    bases: Vec<(String, ArtifactLocation)>,
    /// The scanned image.
    image: String,
}

impl Fields for RunReader<'_> {
    const WHAT: &'static str = "a run object";
    const KEYS: &'static [&'static str] = &[
        "tool",
        "results",
        "artifacts",
        "taxonomies",
        "invocations",
        "originalUriBaseIds",
        "automationDetails",
        "properties",
    ];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let budget = self.budget;
        match key {
            "tool" => {
                let mut reader = ToolReader::new(budget);
                self.equipped = value.object(&mut reader)?;
                self.run.tool = reader.tool;
                Ok(())
            }
            "results" => {
                let mut results = Results {
                    into: &mut self.run,
                    before: self.before,
                    budget,
                };
                let listed = value.each(&mut results)?;
                self.run.listed = listed;
                Ok(())
            }
            // Invalid values in the rest are ignored.
            _ => value.contained(|value| self.aside(key, value)).map(drop),
        }
    }

    fn finish(&self) -> Result<(), (&'static str, &'static str)> {
        if self.equipped {
            return Ok(());
        }
        Err(("tool", "missing"))
    }
}

impl RunReader<'_> {
    /// Reads the optional parts of a run.
    fn aside<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let budget = self.budget;
        match key {
            "artifacts" => {
                let into = &mut self.run.artifacts;
                value.each(&mut Artifacts { into, budget })?;
            }
            "taxonomies" => {
                let into = &mut self.run.taxonomies;
                value.each(&mut Components { into, budget })?;
            }
            "invocations" => drop(value.each(&mut self.run.invocations)?),
            "originalUriBaseIds" => {
                let bases = &mut self.bases;
                value.table(|id, base: ArtifactLocation| {
                    if bases.len() < MAX_BASES {
                        bases.push((cut(&id, BASE).to_owned(), base));
                    }
                })?;
            }
            "automationDetails" => {
                let mut details = Automation::default();
                value.object(&mut details)?;
                self.run.target = details.0;
            }
            _ => {
                let mut image = Image::default();
                value.object(&mut image)?;
                self.image = image.0;
            }
        }
        Ok(())
    }
}

/// Counts results, checks the shape of each, and keeps where they are.
struct Results<'a> {
    into: &'a mut Run,
    /// The number of results of earlier runs.
    before: u32,
    budget: &'a Budget,
}

impl Elements for Results<'_> {
    const CONTAINED: bool = true;

    type Item = Raw;

    fn begin(&mut self, _: usize) -> Result<Raw, String> {
        Ok(Raw::default())
    }

    fn end(&mut self, _: usize, item: Raw) -> Result<(), String> {
        self.into.note(item, self.budget);
        if self.before + self.into.results > MAX_RESULTS {
            return Err(format!("there are more than {MAX_RESULTS} results"));
        }
        Ok(())
    }

    fn unfit(&mut self, index: usize, mut item: Raw, what: String) -> Result<(), String> {
        item.unfit = Some(what);
        self.end(index, item)
    }
}
