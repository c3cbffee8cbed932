//! The first pass: is it SARIF 2.1.0, is every value the reader takes of the right shape, and what do its runs say
//! of themselves, wherever in the file they say it.
//!
//! Owns: the shape of the log and of a run. Must not: keep results.

use serde::de::MapAccess;

use super::{
    bounds::{Budget, MAX_RESULTS, MAX_RUNS},
    component::{Component, Components, Tool, ToolReader},
    location::ArtifactLocation,
    result::Raw,
};
use crate::json::walk::{Elements, Fields, Value};

/// A run without its results.
#[derive(Default)]
pub(super) struct Run {
    pub(super) tool: Tool,
    pub(super) taxonomies: Vec<Component>,
    /// URIs of its artifacts, by index.
    pub(super) artifacts: Vec<String>,
    /// How many results it has.
    pub(super) results: u32,
    /// Whether its results are all there is: it has a `results` array and says of no invocation that it failed.
    pub(super) complete: bool,
}

/// Reads a whole report.
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
    const WHAT: &'static str = "a SARIF log: an object";
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
            return Err(("runs", "it is missing: this is no SARIF report"));
        }
        if !self.version {
            return Err(("version", "it is missing: a SARIF report says 2.1.0 here"));
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
            listed: false,
            failed: false,
        })
    }

    fn end(&mut self, _: usize, item: RunReader<'b>) -> Result<(), String> {
        let mut run = item.run;
        run.complete = item.listed && !item.failed;
        *self.results += run.results;
        self.into.push(run);
        Ok(())
    }
}

/// Reads a run.
struct RunReader<'b> {
    run: Run,
    budget: &'b Budget,
    /// Results of the runs before.
    before: u32,
    equipped: bool,
    listed: bool,
    failed: bool,
}

impl Fields for RunReader<'_> {
    const WHAT: &'static str = "a run object";
    const KEYS: &'static [&'static str] = &["tool", "results", "artifacts", "taxonomies", "invocations"];

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
            }
            "results" => {
                let (into, before) = (&mut self.run.results, self.before);
                self.listed = value.each(&mut Count { into, before })?;
            }
            "artifacts" => {
                let into = &mut self.run.artifacts;
                value.each(&mut Artifacts { into, budget })?;
            }
            "taxonomies" => {
                let into = &mut self.run.taxonomies;
                value.each(&mut Components { into, budget })?;
            }
            _ => drop(value.each(&mut Invocations(&mut self.failed))?),
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), (&'static str, &'static str)> {
        if self.equipped {
            return Ok(());
        }
        Err(("tool", "it is missing"))
    }
}

/// Counts results and checks the shape of each.
struct Count<'a> {
    into: &'a mut u32,
    before: u32,
}

impl Elements for Count<'_> {
    type Item = Raw;

    fn begin(&mut self, _: usize) -> Result<Raw, String> {
        Ok(Raw::default())
    }

    fn end(&mut self, _: usize, _: Raw) -> Result<(), String> {
        *self.into += 1;
        if self.before + *self.into > MAX_RESULTS {
            return Err(format!("there are more than {MAX_RESULTS} results"));
        }
        Ok(())
    }
}

/// Collects the URIs of artifacts.
struct Artifacts<'a, 'b> {
    into: &'a mut Vec<String>,
    budget: &'b Budget,
}

impl Elements for Artifacts<'_, '_> {
    type Item = Artifact;

    fn begin(&mut self, _: usize) -> Result<Artifact, String> {
        Ok(Artifact::default())
    }

    fn end(&mut self, _: usize, item: Artifact) -> Result<(), String> {
        if self.budget.artifact() {
            let uri = item.0.uri;
            // The place is kept in any case: the others are found by their index.
            self.into.push(if self.budget.text(uri.len()) {
                uri
            } else {
                String::new()
            });
        }
        Ok(())
    }
}

/// An `artifact` object: where it is.
#[derive(Default)]
struct Artifact(ArtifactLocation);

impl Fields for Artifact {
    const WHAT: &'static str = "an artifact object";
    const KEYS: &'static [&'static str] = &["location"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        value.object(&mut self.0).map(drop)
    }
}

/// Notes whether an invocation failed.
struct Invocations<'a>(&'a mut bool);

impl Elements for Invocations<'_> {
    type Item = Invocation;

    fn begin(&mut self, _: usize) -> Result<Invocation, String> {
        Ok(Invocation::default())
    }

    fn end(&mut self, _: usize, item: Invocation) -> Result<(), String> {
        *self.0 |= item.0 == Some(false);
        Ok(())
    }
}

/// An `invocation` object: whether it succeeded.
#[derive(Default)]
struct Invocation(Option<bool>);

impl Fields for Invocation {
    const WHAT: &'static str = "an invocation object";
    const KEYS: &'static [&'static str] = &["executionSuccessful"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        self.0 = value.flag()?;
        Ok(())
    }
}
