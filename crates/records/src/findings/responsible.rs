//! The assignees of a finding by the company's ownership rules.
//!
//! Owns: assigning by them. Must not: decide which rule applies; [`access::ownership`] does, and notifications use it,
//! too.

use std::{collections::BTreeMap, sync::Arc};

use access::{
    directory,
    ownership::{self, Facts, Rule, Rules},
};
use base::{Event, Id};
use store::{Error, Tx};

use super::{finding::Finding, rows::Rows};
use crate::Named;

/// The rules of a company and the users and teams they name; without rules it assigns nobody.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByRule {
    rules: Arc<Vec<Rule>>,
    users: BTreeMap<Id, Named>,
    teams: BTreeMap<Id, Named>,
}

impl ByRule {
    /// The current rules.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn of(tx: &mut Tx<'_>, company: Id) -> Result<Self, Error> {
        let rules = Rules::current(tx, &[company])?
            .remove(&company)
            .unwrap_or_default();
        let rules = Self {
            rules: Arc::new(rules),
            ..Self::default()
        };
        rules.named(tx, company)
    }

    /// The same rules with the users and teams that still exist.
    ///
    /// # Errors
    /// The store's.
    pub(crate) fn named(&self, tx: &mut Tx<'_>, company: Id) -> Result<Self, Error> {
        let ids = |of: fn(&Rule) -> &Vec<Id>| -> Vec<Id> {
            let mut ids: Vec<Id> = self.rules.iter().flat_map(of).copied().collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let people = directory::people(tx, &ids(|rule| &rule.user_ids))?.into_iter();
        let people = people.filter(|person| person.active && person.scope.allows(company));
        let teams = directory::team_names(tx, &ids(|rule| &rule.team_ids))?.into_iter();
        let teams = teams.filter(|team| team.company_id == company);
        Ok(Self {
            rules: Arc::clone(&self.rules),
            users: by_id(people.map(|person| (person.id, person.name))),
            teams: by_id(teams.map(|team| (team.id, team.name))),
        })
    }

    /// Assigns a finding without assignees by the first matching rule, and returns a description of the rule. Nothing
    /// is written.
    pub(super) fn assign(&self, finding: &mut Finding) -> Option<String> {
        if self.rules.is_empty() || !finding.users.is_empty() || !finding.teams.is_empty() {
            return None;
        }
        let (rule, users, teams) = self.first(&facts(finding))?;
        (finding.users, finding.teams) = (users, teams);
        Some(rule)
    }

    /// The same for an event about a finding of another platform.
    pub(crate) fn assign_event(&self, event: &mut Event) {
        if !event.assignee_users.is_empty() || !event.assignee_teams.is_empty() {
            return;
        }
        if let Some((rule, users, teams)) = self.first(&Facts::of(event)) {
            event.assignee_users = users.into_iter().map(|user| user.id).collect();
            event.assignee_teams = teams.into_iter().map(|team| team.id).collect();
            event.data.insert("assigned_by_rule".to_owned(), rule.into());
        }
    }

    /// A description of the rule that applies, and the existing users and teams it names.
    fn first(&self, facts: &Facts) -> Option<(String, Vec<Named>, Vec<Named>)> {
        let rule = ownership::first(&self.rules, facts)?;
        let of = |ids: &[Id], named: &BTreeMap<Id, Named>| -> Vec<Named> {
            ids.iter().filter_map(|id| named.get(id).cloned()).collect()
        };
        let (users, teams) = (of(&rule.user_ids, &self.users), of(&rule.team_ids, &self.teams));
        let named = !users.is_empty() || !teams.is_empty();
        named.then(|| (rule.text(), users, teams))
    }

    /// The same for an existing finding: what must be written goes to `rows`.
    pub(super) fn assign_with(&self, finding: &mut Finding, rows: &mut Rows) -> Option<String> {
        let rule = self.assign(finding)?;
        rows.assign(finding, (&[], &[]));
        Some(rule)
    }
}

fn by_id(named: impl Iterator<Item = (Id, String)>) -> BTreeMap<Id, Named> {
    named.map(|(id, name)| (id, Named { id, name })).collect()
}

/// The facts that the rules use: the same as in the finding's event.
pub(super) fn facts(finding: &Finding) -> Facts {
    let component = finding.details.component.as_ref();
    Facts {
        project: finding.place.project.as_ref().map(|project| project.id),
        asset: finding.asset.as_ref().map(|asset| asset.id),
        asset_name: finding
            .asset
            .as_ref()
            .map_or_else(String::new, |asset| asset.name.clone()),
        tool: finding.tool.clone(),
        rule: finding.rule_id.clone(),
        component: component.map_or_else(String::new, |component| component.name.clone()),
        path: ownership::path_of(&finding.location).to_owned(),
        tags: finding.tags.clone(),
        severity: Some(finding.severity),
    }
}
