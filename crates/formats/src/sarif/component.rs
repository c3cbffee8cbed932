//! The tool of a scan report.
//!
//! Owns: the shape of `tool` and `toolComponent`, which is the driver, an extension or a taxonomy. Must not: read
//! results.

use std::collections::HashMap;

use base::text;
use serde::de::MapAccess;

use super::{
    bounds::{Budget, First, MAX_RULES},
    rule::{ID, Rule, messages, size},
};
use crate::json::walk::{Elements, Fields, Value};

/// A component of a tool: the driver, an extension, or a taxonomy.
#[derive(Default)]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) guid: String,
    pub(super) rules: Vec<Rule>,
    /// The first index in `rules` of each id.
    pub(super) by_id: HashMap<String, usize>,
    /// Ids of the taxa it defines, in order.
    pub(super) taxa: Vec<String>,
    /// Message texts by id.
    pub(super) messages: HashMap<String, String>,
}

/// Collects the rules of a component.
struct Rules<'a> {
    into: &'a mut Component,
    budget: &'a Budget,
}

impl Elements for Rules<'_> {
    // The valid parts of an invalid rule are kept.
    const CONTAINED: bool = true;

    type Item = Rule;

    fn begin(&mut self, _: usize) -> Result<Rule, String> {
        if self.budget.rule() {
            return Ok(Rule::default());
        }
        Err(format!("there are more than {MAX_RULES} rules"))
    }

    fn end(&mut self, index: usize, mut rule: Rule) -> Result<(), String> {
        rule.settle(self.budget);
        self.into.by_id.entry(rule.id.clone()).or_insert(index);
        self.into.rules.push(rule);
        Ok(())
    }
}

/// A taxon: its id.
#[derive(Default)]
struct Taxon(String);

impl Fields for Taxon {
    const WHAT: &'static str = "a reportingDescriptor object";
    const KEYS: &'static [&'static str] = &["id"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        _: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        self.0 = value.text(ID)?.unwrap_or_default();
        Ok(())
    }
}

/// Reads a component.
pub(super) struct ComponentReader<'b> {
    pub(super) component: Component,
    pub(super) budget: &'b Budget,
    named: bool,
}

impl<'b> ComponentReader<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self {
            component: Component::default(),
            budget,
            named: false,
        }
    }
}

impl Fields for ComponentReader<'_> {
    const WHAT: &'static str = "a toolComponent object";
    const KEYS: &'static [&'static str] = &["name", "guid", "rules", "taxa", "globalMessageStrings"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let component = &mut self.component;
        match key {
            "name" => {
                let name = value.text(ID)?;
                component.name = text::line(name.as_deref().unwrap_or_default(), 200);
                self.named = !component.name.is_empty();
            }
            "guid" => component.guid = value.text(64)?.unwrap_or_default(),
            "rules" => {
                let budget = self.budget;
                value.each(&mut Rules {
                    into: component,
                    budget,
                })?;
            }
            "taxa" => {
                let mut taxa = First::<Taxon>::new(5_000);
                value.each(&mut taxa)?;
                component.taxa = taxa.items.into_iter().map(|taxon| taxon.0).collect();
                let size = component.taxa.iter().map(|id| id.len() + 24).sum();
                if !self.budget.text(size) {
                    component.taxa = Vec::new();
                }
            }
            _ => {
                messages(value, &mut component.messages)?;
                if !self.budget.text(size(&component.messages)) {
                    component.messages = HashMap::new();
                }
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), (&'static str, &'static str)> {
        if self.named {
            return Ok(());
        }
        Err(("name", "missing or empty"))
    }
}

/// Collects components.
pub(super) struct Components<'a, 'b> {
    pub(super) into: &'a mut Vec<Component>,
    pub(super) budget: &'b Budget,
}

impl<'b> Elements for Components<'_, 'b> {
    const CONTAINED: bool = true;

    type Item = ComponentReader<'b>;

    fn begin(&mut self, _: usize) -> Result<ComponentReader<'b>, String> {
        Ok(ComponentReader::new(self.budget))
    }

    fn end(&mut self, _: usize, item: ComponentReader<'b>) -> Result<(), String> {
        if self.budget.component() {
            self.into.push(item.component);
        }
        Ok(())
    }
}

/// The tool of a run.
#[derive(Default)]
pub(super) struct Tool {
    pub(super) driver: Component,
    pub(super) extensions: Vec<Component>,
}

/// Reads a tool.
pub(super) struct ToolReader<'b> {
    pub(super) tool: Tool,
    budget: &'b Budget,
    driven: bool,
}

impl<'b> ToolReader<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self {
            tool: Tool::default(),
            budget,
            driven: false,
        }
    }
}

impl Fields for ToolReader<'_> {
    const WHAT: &'static str = "a tool object";
    const KEYS: &'static [&'static str] = &["driver", "extensions"];

    fn field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        value: Value<'_, A>,
    ) -> Result<(), A::Error> {
        let budget = self.budget;
        if key == "driver" {
            let mut reader = ComponentReader::new(budget);
            self.driven = value.object(&mut reader)?;
            self.tool.driver = reader.component;
        } else {
            let into = &mut self.tool.extensions;
            value.each(&mut Components { into, budget })?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), (&'static str, &'static str)> {
        if self.driven {
            return Ok(());
        }
        Err(("driver", "missing"))
    }
}
