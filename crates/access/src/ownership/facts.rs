//! The facts about a finding that rules use.

use base::{Event, Id, Severity};
use serde_json::Value;

/// The facts about a finding that ownership rules use. Empty means unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The project it belongs to.
    pub project: Option<Id>,
    /// The asset it is about.
    pub asset: Option<Id>,
    /// That asset's name.
    pub asset_name: String,
    /// The tool that found it.
    pub tool: String,
    /// The tool's rule.
    pub rule: String,
    /// The vulnerable component.
    pub component: String,
    /// Its location without the line: from [`path_of`].
    pub path: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its severity.
    pub severity: Option<Severity>,
}

impl Facts {
    /// The facts in an event about a finding.
    pub fn of(event: &Event) -> Self {
        let text = |key| event.text(key).unwrap_or_default().to_owned();
        let id = |key| event.text(key).and_then(|id| id.parse().ok());
        let tags = event.data.get("tags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten();
        Self {
            project: id("project_id"),
            asset: id("asset_id"),
            asset_name: text("asset_name"),
            tool: text("tool"),
            rule: text("rule"),
            component: text("component"),
            path: path_of(event.text("location").unwrap_or_default()).to_owned(),
            tags: tags.filter_map(Value::as_str).map(str::to_owned).collect(),
            severity: event.severity,
        }
    }
}

/// A location without its line and column: `src/login.rs` of `src/login.rs:12:4`. A URL stays as it is.
pub fn path_of(location: &str) -> &str {
    let mut path = location.trim();
    if path.contains("://") {
        return path;
    }
    // A line and a column, each possibly a range.
    for _ in 0..2 {
        match path.rsplit_once(':') {
            Some((rest, line)) if !rest.is_empty() && is_line(line) => path = rest,
            _ => break,
        }
    }
    path
}

fn is_line(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use base::{Audience, Clock, Kind, Subject, SubjectType};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_a_location_without_its_line() {
        for (location, path) in [
            ("src/login.rs:12", "src/login.rs"),
            ("src/login.rs:12:4", "src/login.rs"),
            ("src/login.rs:12-14", "src/login.rs"),
            (" src/login.rs ", "src/login.rs"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("10.0.0.1:443", "10.0.0.1"),
            ("C:/code/a.c:7", "C:/code/a.c"),
            ("a:b", "a:b"),
            (":12", ":12"),
            ("", ""),
        ] {
            assert_eq!(path_of(location), path, "{location}");
        }
    }

    #[test]
    fn facts_are_read_from_an_event() {
        let clock = Clock::system();
        let (project, asset) = (clock.id(), clock.id());
        let subject = Subject {
            kind: SubjectType::Finding,
            id: clock.id(),
        };
        let mut event = Event::new(
            &clock,
            Kind::FindingCreated,
            Audience::Company(clock.id()),
            subject,
        );
        assert_eq!(Facts::of(&event), Facts::default());
        event.severity = Some(Severity::High);
        let data = json!({"project_id": project, "asset_id": asset, "asset_name": "Shop", "tool": "Semgrep",
            "rule": "sqli", "component": "log4j", "location": "src/a.rs:3", "tags": ["pci", 7, "web"]});
        event.data = serde_json::from_value(data).unwrap();
        let facts = Facts::of(&event);
        assert_eq!((facts.project, facts.asset), (Some(project), Some(asset)));
        assert_eq!(
            [
                &facts.asset_name,
                &facts.tool,
                &facts.rule,
                &facts.component,
                &facts.path
            ],
            ["Shop", "Semgrep", "sqli", "log4j", "src/a.rs"]
        );
        assert_eq!(
            (facts.tags, facts.severity),
            (vec!["pci".to_owned(), "web".to_owned()], Some(Severity::High))
        );
    }
}
