//! One rule: what it matches, and its users and teams.

use std::fmt::Write as _;

use base::{Id, Severity};
use serde::{Deserialize, Serialize};

use crate::schema::Line;

use super::{
    Facts,
    pattern::{BadPattern, Pattern, like},
};

/// The most characters of a rule's text.
pub(crate) const TEXT: usize = 300;

/// What a rule matches: findings that meet all of these conditions. An empty one matches every finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = OwnershipMatch)]
pub struct Match {
    /// The path, as in a CODEOWNERS file: `*` stays within a folder, `**` does not, a pattern without a slash matches in
    /// any folder, and one that names a folder matches everything below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Line<{ TEXT }>>)]
    pub path: Option<String>,
    /// The tool; here and below regardless of case, and with `*` for any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Line<{ TEXT }>>)]
    pub tool: Option<String>,
    /// The tool's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Line<{ TEXT }>>)]
    pub rule: Option<String>,
    /// The vulnerable component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Line<{ TEXT }>>)]
    pub component: Option<String>,
    /// The asset's name or its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Line<{ TEXT }>>)]
    pub asset: Option<String>,
    /// One of the tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Line<{ TEXT }>>)]
    pub tag: Option<String>,
    /// This severity or higher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
}

impl Match {
    /// Its texts, by field name.
    pub(crate) fn texts(&mut self) -> [(&'static str, &mut Option<String>); 6] {
        [
            ("path", &mut self.path),
            ("tool", &mut self.tool),
            ("rule", &mut self.rule),
            ("component", &mut self.component),
            ("asset", &mut self.asset),
            ("tag", &mut self.tag),
        ]
    }
}

/// A compiled rule of a company.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its place in the list, from 1.
    pub position: u32,
    /// What it matches.
    pub of: Match,
    /// The users it names, without disabled accounts.
    pub user_ids: Vec<Id>,
    /// The teams it names.
    pub team_ids: Vec<Id>,
    path: Option<Pattern>,
    /// The other texts of the match, lower-cased: tool, rule, component, asset, tag.
    names: [Option<String>; 5],
}

impl Rule {
    /// The rule at this position.
    ///
    /// # Errors
    /// [`BadPattern`] for an invalid path.
    pub fn new(position: u32, of: Match, user_ids: Vec<Id>, team_ids: Vec<Id>) -> Result<Self, BadPattern> {
        let path = of.path.as_deref().map(Pattern::new).transpose()?;
        let texts = [&of.tool, &of.rule, &of.component, &of.asset, &of.tag];
        let names = texts.map(|name| name.as_ref().map(|name| name.to_lowercase()));
        Ok(Self {
            position,
            of,
            user_ids,
            team_ids,
            path,
            names,
        })
    }

    /// Whether it names any user or team.
    pub fn names_anyone(&self) -> bool {
        !self.user_ids.is_empty() || !self.team_ids.is_empty()
    }

    /// Whether it matches a finding.
    pub fn matches(&self, facts: &Facts) -> bool {
        let named = |name: &Option<String>, text: &str| {
            name.as_ref().is_none_or(|name| like(name, &text.to_lowercase()))
        };
        let [tool, rule, component, asset, tag] = &self.names;
        let of_asset = asset.as_ref().is_none_or(|asset| {
            like(asset, &facts.asset_name.to_lowercase())
                || facts.asset.is_some_and(|id| id.to_string() == *asset)
        });
        self.of
            .min_severity
            .is_none_or(|least| facts.severity.is_some_and(|severity| severity >= least))
            && named(tool, &facts.tool)
            && named(rule, &facts.rule)
            && named(component, &facts.component)
            && of_asset
            && tag
                .as_ref()
                .is_none_or(|tag| facts.tags.iter().any(|one| like(tag, &one.to_lowercase())))
            && self.path.as_ref().is_none_or(|path| path.matches(&facts.path))
    }

    /// The rule as text: "rule 3 (path src/payments/**, from high)".
    pub fn text(&self) -> String {
        let mut of = self.of.clone();
        let mut parts: Vec<String> = of
            .texts()
            .into_iter()
            .filter_map(|(field, text)| text.as_ref().map(|text| format!("{field} {text}")))
            .collect();
        parts.extend(of.min_severity.map(|severity| format!("from {severity}")));
        let mut text = format!("rule {}", self.position);
        if !parts.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(text, " ({})", parts.join(", "));
        }
        base::text::line(&text, 200)
    }
}

/// The rule that applies to a finding: the first one that matches and names a user or team.
pub fn first<'a>(rules: &'a [Rule], facts: &Facts) -> Option<&'a Rule> {
    rules
        .iter()
        .find(|rule| rule.names_anyone() && rule.matches(facts))
}

#[cfg(test)]
mod tests {
    use base::Clock;
    use serde_json::{Value, json};

    use super::*;

    fn rule(position: u32, of: Value, named: bool) -> Rule {
        let users = if named {
            vec![Clock::system().id()]
        } else {
            Vec::new()
        };
        Rule::new(position, serde_json::from_value(of).unwrap(), users, Vec::new()).unwrap()
    }

    fn facts() -> Facts {
        Facts {
            asset: Some("01a0c450-6c00-7101-8101-010101010101".parse().unwrap()),
            asset_name: "Web Shop".to_owned(),
            tool: "Trivy".to_owned(),
            rule: "CVE-2021-44228".to_owned(),
            component: "org.apache:log4j-core".to_owned(),
            path: "services/pay/pom.xml".to_owned(),
            tags: vec!["pci".to_owned()],
            severity: Some(Severity::High),
            ..Facts::default()
        }
    }

    // promise: O1
    #[test]
    fn a_rule_matches_if_all_conditions_match() {
        for (of, expected) in [
            (json!({}), true),
            (json!({"path": "services/pay/"}), true),
            (json!({"path": "services/shop/"}), false),
            (json!({"tool": "trivy"}), true),
            (json!({"tool": "trivy-fs"}), false),
            (json!({"rule": "cve-2021-*"}), true),
            (json!({"component": "*log4j*"}), true),
            (json!({"component": "log4j"}), false),
            (json!({"asset": "web shop"}), true),
            (json!({"asset": "01a0c450-6c00-7101-8101-010101010101"}), true),
            (json!({"asset": "01a0c450-6c00-7101-8101-010101010102"}), false),
            (json!({"tag": "PCI"}), true),
            (json!({"tag": "web"}), false),
            (json!({"min_severity": "high"}), true),
            (json!({"min_severity": "critical"}), false),
            (
                json!({"tag": "pci", "tool": "Trivy", "min_severity": "low"}),
                true,
            ),
            (json!({"tag": "pci", "tool": "Semgrep"}), false),
        ] {
            assert_eq!(rule(1, of.clone(), true).matches(&facts()), expected, "{of}");
        }
        let nothing = Facts::default();
        for of in [
            json!({"min_severity": "informational"}),
            json!({"tool": "x"}),
            json!({"path": "src/"}),
        ] {
            assert!(!rule(1, of.clone(), true).matches(&nothing), "{of}");
        }
    }

    // promise: O1
    #[test]
    fn the_first_matching_rule_with_assignees_applies() {
        let rules = [
            rule(1, json!({"tool": "semgrep"}), true),
            rule(2, json!({"tool": "trivy"}), false),
            rule(3, json!({"path": "services/**", "min_severity": "medium"}), true),
            rule(4, json!({}), true),
        ];
        let found = first(&rules, &facts()).unwrap();
        assert_eq!(found.position, 3);
        assert_eq!(found.text(), "rule 3 (path services/**, from medium)");
        assert_eq!(first(&rules, &Facts::default()).unwrap().text(), "rule 4");
        assert!(first(&rules[..2], &facts()).is_none());
    }
}
