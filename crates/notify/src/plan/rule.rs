//! Rules, for the plan: what they match, and the recipients they name.

use std::collections::BTreeMap;

use access::{
    Role,
    ownership::Facts,
    schema::{Ids, Line},
};
use base::{Event, Id, Kind, Severity, SubjectType};
use serde::{Deserialize, Serialize};

use super::act;
use crate::{
    channel::Channel,
    target::{Target, UrlTarget},
};

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: Id,
    /// The kind of event it is for.
    pub kind: Kind,
    /// Its minimum severity.
    pub channel: Channel,
    /// From which severity on.
    pub min_severity: Option<Severity>,
    /// Its company; none for all.
    pub company: Option<Id>,
    /// Its filters.
    pub filters: Filters,
    /// People it names.
    pub users: Vec<Id>,
    /// Teams it names.
    pub teams: Vec<Id>,
    /// Roles it names: users with one of them in the event's company.
    pub roles: Vec<Role>,
    /// Whether it names the owners of the finding's asset and project.
    pub owners: bool,
    /// Whether it names followers of the record.
    pub followers: bool,
    /// Addresses it names, normalised.
    pub addresses: Vec<Target>,
    /// URLs it names, by the ids of their rows.
    pub urls: Vec<(Id, UrlTarget)>,
    /// How its webhooks get the events of an import.
    pub batch: Batch,
}

store::words! {
    /// How a webhook gets the events of an import or a bulk change.
    #[derive(Default)]
    pub enum Batch (RuleBatch, "how webhooks get the events of an import") {
        /// All in one post.
        #[default]
        Import "import",
        /// One post for each.
        Event "event",
    }
}

/// The most values of one filter.
pub const MAX_VALUES: usize = 100;

/// Characters of a text of a filter.
pub const MAX_TEXT: usize = 200;

/// The filters of a rule: an event matches if each list that is not empty contains one of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = RuleFilters)]
pub struct Filters {
    /// Assets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Ids<{ MAX_VALUES }>)]
    pub asset_ids: Vec<Id>,
    /// Projects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Ids<{ MAX_VALUES }>)]
    pub project_ids: Vec<Id>,
    /// Statuses of a finding, a scan or another record, such as `open`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Line<{ MAX_TEXT }>>, max_items = 100)]
    pub statuses: Vec<String>,
    /// Tags, case-insensitive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Line<{ MAX_TEXT }>>, max_items = 100)]
    pub tags: Vec<String>,
    /// Tools, case-insensitive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Line<{ MAX_TEXT }>>, max_items = 100)]
    pub tools: Vec<String>,
}

impl Filters {
    /// The canonical text of these filters, whatever the order in which they were given: '' for none (promise R4).
    pub fn canonical(&self) -> String {
        let sorted = self.sorted();
        if sorted == Self::default() {
            return String::new();
        }
        // The fields are in order; serializing cannot fail.
        serde_json::to_string(&sorted).unwrap_or_default()
    }

    /// The same with each value once, in order.
    #[must_use]
    pub fn sorted(&self) -> Self {
        fn ids(ids: &[Id]) -> Vec<Id> {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            ids
        }
        let texts = |texts: &[String]| {
            let mut texts: Vec<String> = texts.iter().map(|text| text.trim().to_lowercase()).collect();
            texts.sort_unstable();
            texts.dedup();
            texts
        };
        Self {
            asset_ids: ids(&self.asset_ids),
            project_ids: ids(&self.project_ids),
            statuses: texts(&self.statuses),
            tags: texts(&self.tags),
            tools: texts(&self.tools),
        }
    }

    fn pass(&self, event: &Event) -> bool {
        if *self == Self::default() {
            return true;
        }
        let facts = Facts::of(event);
        let record = |known: Option<Id>, kind| {
            known.or_else(|| (event.subject.kind == kind).then_some(event.subject.id))
        };
        let id =
            |wanted: &[Id], has: Option<Id>| wanted.is_empty() || has.is_some_and(|id| wanted.contains(&id));
        let text = |wanted: &[String], has: &str| {
            wanted.is_empty() || wanted.iter().any(|one| one.eq_ignore_ascii_case(has))
        };
        id(&self.project_ids, record(facts.project, SubjectType::Project))
            && id(&self.asset_ids, record(facts.asset, SubjectType::Asset))
            && text(&self.tools, &facts.tool)
            && text(&self.statuses, event.text("status").unwrap_or_default())
            && (self.tags.is_empty() || facts.tags.iter().any(|tag| text(&self.tags, &tag.to_lowercase())))
    }
}

impl Rule {
    /// A rule that names nobody, and has no limits.
    pub fn new(id: Id, kind: Kind, channel: Channel) -> Self {
        Self {
            id,
            kind,
            channel,
            min_severity: None,
            company: None,
            filters: Filters::default(),
            users: Vec::new(),
            teams: Vec::new(),
            roles: Vec::new(),
            owners: false,
            followers: false,
            addresses: Vec::new(),
            urls: Vec::new(),
            batch: Batch::default(),
        }
    }

    /// Whether an event that counts as its kind matches: minimum severity, company and filters (promises R2, R3, O4).
    pub fn passes(&self, event: &Event) -> bool {
        self.mismatch(event).is_none()
    }

    /// Why an event that counts as its kind does not match.
    pub fn mismatch(&self, event: &Event) -> Option<Mismatch> {
        if self
            .company
            .is_some_and(|company| event.audience.company() != Some(company))
        {
            return Some(Mismatch::Company);
        }
        if let (Some(least), Some(severity)) = (self.min_severity, event.severity)
            && severity < least
        {
            return Some(Mismatch::Severity(least));
        }
        (!self.filters.pass(event)).then_some(Mismatch::Filters)
    }
}

/// Why an event does not match a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The rule is for another company.
    Company,
    /// The event is below the rule's minimum severity.
    Severity(Severity),
    /// The rule is limited to other projects, assets, tags, tools or statuses.
    Filters,
}

/// The rules, found by kind and channel.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: BTreeMap<(Kind, Channel), Vec<Rule>>,
}

impl Rules {
    /// These rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let mut all = Self::default();
        for rule in rules {
            all.rules.entry((rule.kind, rule.channel)).or_default().push(rule);
        }
        all
    }

    /// The same with one more, which comes last.
    #[must_use]
    pub fn with(self, rule: Rule) -> Self {
        Self::new(self.rules.into_values().flatten().chain([rule]))
    }

    /// The rules of a channel that match the event, as each kind it counts as.
    pub fn matching<'a>(&'a self, event: &'a Event, channel: Channel) -> impl Iterator<Item = &'a Rule> {
        act::kinds(event)
            .flat_map(move |kind| self.of(kind, channel))
            .filter(|rule| rule.passes(event))
    }

    /// The URL of this row, if a rule names it for the event.
    pub fn url<'a>(&'a self, event: &'a Event, channel: Channel, row: Id) -> Option<&'a UrlTarget> {
        let mut named = self.matching(event, channel).flat_map(|rule| &rule.urls);
        named.find(|(id, _)| *id == row).map(|(_, url)| url)
    }

    /// The rules of a kind and a channel.
    pub fn of(&self, kind: Kind, channel: Channel) -> impl Iterator<Item = &Rule> {
        self.rules.get(&(kind, channel)).into_iter().flatten()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promise: R4
    #[test]
    fn filters_have_one_text_in_whatever_order_they_were_given() {
        let filters = |text: &str| serde_json::from_str::<Filters>(text).unwrap();
        let one = filters(r#"{"tools": ["Trivy", "semgrep", "trivy"], "tags": ["pci"]}"#);
        let other = filters(r#"{"tags": [" PCI"], "tools": ["semgrep", "TRIVY"], "statuses": []}"#);
        assert_eq!(one.canonical(), other.canonical());
        assert_eq!(one.canonical(), r#"{"tags":["pci"],"tools":["semgrep","trivy"]}"#);
        assert_eq!(Filters::default().canonical(), "");
        assert_eq!(filters(r#"{"tags": []}"#).canonical(), "");
    }
}
