//! Converts a result into Campanile's terms.
//!
//! Owns: which results are imported, and what they are recognised by later. Must not: know what is in the database.

use base::text;

use super::{
    component::Component,
    identity, lookup, message,
    package::{self, Advisory},
    place::{self, Spot},
    result::Raw,
    rule::{Reference, Rule, links},
    severity::{self, Level, Rating},
    survey::Run,
    wording,
};
use crate::{
    Old,
    draft::{Draft, Key},
    identity::even_spaces,
    json::scalar::either,
    package::without_version,
    paths,
};

/// Maximum length of a message with its placeholders filled, in bytes.
const MESSAGE: usize = 16_000;

/// The fingerprints that their tools define as a hash of the code around the line, without the version after a `/`:
/// `CodeQL` and tools that follow GitHub, Semgrep, flawfinder. Others hash a whole file, or are database ids.
const LINE_HASHES: [&str; 3] = ["primaryLocationLineHash", "matchBasedId", "contextHash"];

/// Why a result is not imported, if it is not. The order is by importance of the reasons.
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
        return Some("baselineState absent: no longer found".to_owned());
    }
    match raw.kind {
        Some("pass") => Some("kind pass: the rule found no problem".to_owned()),
        Some("notApplicable") => Some("kind notApplicable: the rule was not evaluated".to_owned()),
        Some("informational") => Some("kind informational: no problem is reported".to_owned()),
        _ => None,
    }
}

/// Whether a rule has a text for its results without a message.
pub(super) fn has_text(run: &Run, rule: &Reference) -> bool {
    lookup::rule(run, rule).is_some_and(|(rule, _)| !wording::of_rule(rule).is_empty())
}

/// A result with its rule and its resolved message.
pub(super) struct Read<'r> {
    pub(super) run: &'r Run,
    pub(super) raw: &'r Raw,
    pub(super) rule: Option<&'r Rule>,
    pub(super) rule_id: String,
    pub(super) message: String,
    rating: Rating,
}

impl<'r> Read<'r> {
    /// Combines a result with its rule.
    ///
    /// # Errors
    /// Why it cannot be read: neither it nor its rule has a message, or its severity is not stated in a known way.
    pub(super) fn new(run: &'r Run, raw: &'r Raw) -> Result<Self, String> {
        let found = lookup::rule(run, &raw.rule);
        let rule = found.map(|(rule, _)| rule);
        let component = found.map_or(&run.tool.driver, |(_, component)| component);
        let id = raw.rule.id.as_deref().or(rule.map(|rule| rule.id.as_str()));
        let message = if raw.has_message {
            words(raw, rule, component)
        } else {
            let text = rule.map(wording::of_rule).filter(|text| !text.is_empty());
            text.ok_or("message: missing, and its rule has no text either")?
                .to_owned()
        };
        Ok(Self {
            run,
            raw,
            rule,
            rule_id: text::line(id.unwrap_or_default(), 300),
            message,
            rating: rating(raw, rule)?,
        })
    }

    /// What versions before 0.2 recognised it by.
    fn old(&self) -> Old {
        identity::of(&identity::Parts {
            tool: &self.run.tool.driver.name,
            rule: &self.rule_id,
            path: &place::old(self.run, self.raw.locations.first()),
            message: &self.message,
            raw: self.raw,
        })
    }

    /// Its finding with this coverage, with its message as the only text: identification needs no more.
    pub(super) fn draft(&self, coverage: usize) -> Draft {
        let locations = &self.raw.locations;
        let spots = place::spots(self.run, &locations.kept);
        let none = Spot {
            path: String::new(),
            location: locations.first(),
        };
        let first = spots.first().unwrap_or(&none);
        let logical = &first.location.logical;
        let (bag, bag_of_rule) = (&self.raw.bag, self.rule.map(|rule| &rule.bag));
        let advisory = package::of(&self.rule_id, self.rule, bag, &self.message, logical);
        let mut key = self.key(first, &advisory);
        let (places, shown) = places(&spots);
        key.places = places;
        let count = locations.kept.len() + locations.more;
        let bags = [bag].into_iter().chain(bag_of_rule);
        let (severity, score) = self.rating;
        let cvss = severity::cvss(bags, score);
        let snippet = Some(&first.location.region.snippet).filter(|code| !code.trim().is_empty());
        Draft {
            coverage,
            key,
            old: self.old(),
            title: self.message.clone(),
            severity: Some(severity),
            locations_count: if locations.more > 0 { count } else { 0 },
            locations: shown,
            cwes: lookup::cwes(self.run, &self.raw.taxa, bag, self.rule),
            cvss,
            identifiers: advisory.ids,
            component: advisory.package,
            references: self.references(),
            snippet: snippet.unwrap_or(&first.location.context).clone(),
            found_at: self.raw.first_seen.trim().parse().ok(),
            rule_id: self.rule_id.clone(),
            ..Draft::default()
        }
    }

    /// Its title and description.
    pub(super) fn words(&self) -> (String, String) {
        (wording::title(self), wording::description(self))
    }

    /// What it is recognised by.
    fn key(&self, first: &Spot<'_>, advisory: &Advisory) -> Key {
        let region = &first.location.region;
        let small =
            |number: Option<i64>| u32::try_from(number.unwrap_or_default().max(0)).unwrap_or(u32::MAX);
        let path = first.file().to_owned();
        let url = if path.is_empty() { &first.path } else { "" };
        let logical = &first.location.logical;
        let mut rules = advisory.names.clone();
        if rules.is_empty() || advisory.package.is_none() {
            rules.insert(0, self.rule_id.clone());
            rules.extend(
                self.rule
                    .into_iter()
                    .flat_map(|rule| rule.aliases.iter().cloned()),
            );
        }
        let mut known = std::collections::HashSet::new();
        rules.retain(|rule| known.insert(rule.clone()));
        let place = if url.is_empty() && path.is_empty() {
            logical
        } else {
            url
        };
        let mut key = Key {
            kind: "sarif",
            place: Some(place.to_owned())
                .filter(|place| !place.is_empty())
                .into_iter()
                .collect(),
            path,
            rules,
            line: small(region.start_line),
            column: small(region.start_column),
            ..Key::default()
        };
        if let Some(package) = &advisory.package {
            key.path = without_version(&key.path, &package.version);
            key.place = vec![package.name.clone()];
            key.version.clone_from(&package.version);
            key.message = key.rules.first().cloned().unwrap_or_default();
            return key;
        }
        self.line_hash().clone_into(&mut key.tool);
        key.code.clone_from(&region.snippet);
        key.message = self.message_without_folder(&key.path);
        // Among equal lines of code, those in the same function or surrounded by the same lines are the same.
        let around = &first.location.context;
        key.detail = even_spaces(if logical.is_empty() { around } else { logical });
        key
    }

    /// The tool's own hash of the code around the line.
    fn line_hash(&self) -> &str {
        let prints = [&self.raw.partial_fingerprints, &self.raw.fingerprints];
        let hash = |name: &str| {
            let mut prints = prints.iter().flat_map(|prints| prints.iter());
            let print = prints.find(|(key, _)| key.split('/').next() == Some(name));
            print.map(|(_, print)| print.as_str())
        };
        LINE_HASHES.into_iter().find_map(hash).unwrap_or_default()
    }

    /// The message without the folder of the sources, which may change.
    fn message_without_folder(&self, path: &str) -> String {
        match path.rsplit_once('/') {
            Some((folder, _)) if paths::is_absolute(path) && !folder.is_empty() => {
                self.message.replace(folder, "")
            }
            _ => self.message.clone(),
        }
    }

    fn references(&self) -> Vec<String> {
        let mut references = self.rule.map(|rule| rule.links.clone()).unwrap_or_default();
        links(&self.message, &mut references);
        references.retain(|link| link.starts_with("https://") || link.starts_with("http://"));
        references
    }
}

/// The severity of a result: by its score or its rule's, else by the level with SARIF's defaults (sections 3.27.9 and
/// 3.27.10). An unreadable score is not replaced by a guess: then the level must be stated.
fn rating(raw: &Raw, rule: Option<&Rule>) -> Result<Rating, String> {
    let bags = [&raw.bag].into_iter().chain(rule.map(|rule| &rule.bag));
    let rated = severity::rated(bags);
    if let Ok(Some(rating)) = rated {
        return Ok(rating);
    }
    let of_level = |level: Level| Ok((level.severity(), None));
    if raw.kind.is_some_and(|kind| kind != "fail") {
        return of_level(Level::None);
    }
    if let Some(level) = raw.level.or(rule.and_then(|rule| rule.level)) {
        return of_level(level);
    }
    let unknown = rule.map_or("", |rule| rule.unknown_level.as_str());
    if !unknown.is_empty() {
        return Err(format!(
            "level: missing, and defaultConfiguration.level of its rule must be {}, not `{}`",
            either(Level::WORDS),
            text::line(unknown, 40)
        ));
    }
    rated?;
    of_level(Level::Warning)
}

/// The places of a result that is in several files, and how each location is shown. A place is the path relative to the
/// first one's folder, so it does not depend on where the sources are.
fn places(spots: &[Spot<'_>]) -> (Vec<String>, Vec<String>) {
    let mut files: Vec<_> = spots.iter().filter(|spot| !spot.path.is_empty()).collect();
    let several = files
        .first()
        .is_some_and(|first| files.iter().any(|spot| spot.path != first.path));
    if !several {
        return (Vec::new(), spots.iter().map(Spot::shown).collect());
    }
    files.dedup_by_key(|spot| spot.shown());
    let folder = files.first().and_then(|first| first.path.rsplit_once('/'));
    let folder = folder.map_or("", |(folder, _)| folder);
    let place = |spot: &&Spot<'_>| paths::below(&spot.path, folder);
    (
        files.iter().map(place).collect(),
        files.iter().map(|spot| spot.shown()).collect(),
    )
}

/// The text of the message: its own, or the one its id refers to in the rule or the component; with its arguments.
fn words(raw: &Raw, rule: Option<&Rule>, component: &Component) -> String {
    let named = || {
        let id = raw.message.id.as_deref()?;
        let text = rule.and_then(|rule| rule.messages.get(id));
        text.or_else(|| component.messages.get(id)).map(String::as_str)
    };
    let text = raw.message.own_text().or_else(named).unwrap_or_default();
    message::unlink(&message::fill(text, &raw.message.arguments, MESSAGE))
}
