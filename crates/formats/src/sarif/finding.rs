//! What a result says, in Campanile's words.
//!
//! Owns: which results are imported, and how title, description, severity and place are made. Must not: know what
//! is in the database.

use base::{Severity, text};

use super::{
    component::Component, identity, lookup, message, place, result::Raw, rule::Rule, severity::Level,
    survey::Run,
};
use crate::{
    Old,
    draft::{Draft, Key},
    found::{DESCRIPTION, TITLE},
    paths, severity,
};

/// Bytes of a message with its placeholders filled, at most.
const MESSAGE: usize = 16_000;

/// Why a result is not imported, if it is not. The order is that of the reasons' weight.
pub(super) fn skipped(raw: &Raw) -> Option<String> {
    if let Some(suppression) = raw
        .suppressions
        .first
        .as_ref()
        .filter(|_| !raw.suppressions.contested)
    {
        let by = match suppression.kind {
            "inSource" => "suppressed (in source)",
            "external" => "suppressed (external)",
            _ => "suppressed",
        };
        let why = text::line(&suppression.justification, 300);
        return Some(if why.is_empty() {
            by.to_owned()
        } else {
            format!("{by}: {why}")
        });
    }
    if raw.absent {
        return Some("absent: it was in an earlier report and is gone".to_owned());
    }
    match raw.kind {
        Some("pass") => Some("kind pass: the rule found no problem".to_owned()),
        Some("notApplicable") => Some("kind notApplicable: the rule was not evaluated".to_owned()),
        Some("informational") => Some("kind informational: no problem is reported".to_owned()),
        _ => None,
    }
}

/// What is known of a result once its rule is found and its message resolved.
pub(super) struct Read<'r> {
    run: &'r Run,
    raw: &'r Raw,
    rule: Option<&'r Rule>,
    rule_id: String,
    message: String,
    path: String,
}

impl<'r> Read<'r> {
    pub(super) fn new(run: &'r Run, raw: &'r Raw) -> Self {
        let found = lookup::rule(run, &raw.rule);
        let rule = found.map(|(rule, _)| rule);
        let component = found.map_or(&run.tool.driver, |(_, component)| component);
        let id = raw.rule.id.as_deref().or(rule.map(|rule| rule.id.as_str()));
        Self {
            run,
            raw,
            rule,
            rule_id: text::line(id.unwrap_or_default(), 300),
            message: words(raw, rule, component),
            path: place::path(run, &raw.location),
        }
    }

    /// What versions before 0.2 recognised it by.
    fn old(&self) -> Old {
        identity::of(&identity::Parts {
            tool: &self.run.tool.driver.name,
            rule: &self.rule_id,
            path: &self.path,
            message: &self.message,
            raw: self.raw,
        })
    }

    /// The finding of it, of this coverage.
    pub(super) fn draft(self, coverage: usize) -> Draft {
        let region = &self.raw.location.region;
        let small =
            |number: Option<i64>| u32::try_from(number.unwrap_or_default().max(0)).unwrap_or(u32::MAX);
        let hash = self.raw.partial_fingerprints.get("primaryLocationLineHash");
        let path = paths::normal(&self.path);
        let key = Key {
            kind: "sarif",
            place: path
                .is_empty()
                .then(|| self.raw.location.logical.clone())
                .into_iter()
                .collect(),
            path,
            rules: vec![self.rule_id.clone()],
            tool: hash.cloned().unwrap_or_default(),
            code: region.snippet.clone(),
            message: self.message.clone(),
            line: small(region.start_line),
            column: small(region.start_column),
            ..Key::default()
        };
        Draft {
            coverage,
            key,
            old: self.old(),
            title: self.title(),
            description: vec![self.description()],
            severity: Some(self.severity()),
            locations: place::shown(&self.path, &self.raw.location).into_iter().collect(),
            cwes: lookup::cwe(self.run, &self.raw.taxa, &self.raw.bag.tags, self.rule)
                .into_iter()
                .collect(),
            rule_id: self.rule_id.clone(),
            snippet: region.snippet.clone(),
            ..Draft::default()
        }
    }

    /// The score where there is one, else the level with SARIF's defaults (sections 3.27.9 and 3.27.10).
    fn severity(&self) -> Severity {
        let own = self.raw.bag.security_severity.as_deref();
        let of_rule = self.rule.and_then(|rule| rule.security_severity.as_deref());
        let score = [own, of_rule].into_iter().flatten().find_map(severity::of_score);
        score.unwrap_or_else(|| self.level().severity())
    }

    fn level(&self) -> Level {
        if self.raw.kind.is_some_and(|kind| kind != "fail") {
            return Level::None;
        }
        let default = self.rule.and_then(|rule| rule.level);
        self.raw.level.or(default).unwrap_or(Level::Warning)
    }

    /// What the rule is about and what the message says first, without saying the same twice.
    fn title(&self) -> String {
        let about = self.about();
        let says = text::line(
            self.message.trim_start().lines().next().unwrap_or_default(),
            TITLE,
        );
        let (about_bare, says_bare) = (bare(about), bare(&says));
        let title = if says.is_empty() || about_bare.starts_with(&says_bare) {
            about.to_owned()
        } else if about.is_empty() || says_bare.starts_with(&about_bare) {
            says
        } else {
            format!("{}: {says}", about.trim_end_matches(['.', ':']))
        };
        let title = text::line(&title, TITLE);
        if title.is_empty() {
            return text::line(&format!("A finding of {}", self.run.tool.driver.name), TITLE);
        }
        title
    }

    /// The rule in a few words, or its id.
    fn about(&self) -> &str {
        let of_rule = self.rule.map(|rule| [rule.short.as_str(), rule.name.as_str()]);
        of_rule
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty())
            .unwrap_or(&self.rule_id)
    }

    /// The message, then what the rule says at length, each once.
    fn description(&self) -> String {
        let mut parts = vec![text::block(&self.message, 5_000)];
        if let Some(rule) = self.rule {
            for text in [&rule.full, &rule.help] {
                if !text.is_empty() && !parts.iter().any(|part| part.contains(text.as_str())) {
                    parts.push(text.clone());
                }
            }
            let uri = text::line(&rule.help_uri, 500);
            if uri.starts_with("https://") || uri.starts_with("http://") {
                parts.push(format!("More about this rule: {uri}"));
            }
        }
        parts.retain(|part| !part.is_empty());
        text::cut(&parts.join("\n\n"), DESCRIPTION)
    }
}

/// For comparing: without case and the marks at the end.
fn bare(text: &str) -> String {
    text.trim_end_matches(['.', '!', ':', '…', ' ']).to_lowercase()
}

/// The text of the message: its own, or the one its id names in the rule or the component; with its arguments.
fn words(raw: &Raw, rule: Option<&Rule>, component: &Component) -> String {
    let named = || {
        let id = raw.message.id.as_deref()?;
        let text = rule.and_then(|rule| rule.messages.get(id));
        text.or_else(|| component.messages.get(id)).map(String::as_str)
    };
    let text = raw.message.own_text().or_else(named).unwrap_or_default();
    message::unlink(&message::fill(text, &raw.message.arguments, MESSAGE))
}
