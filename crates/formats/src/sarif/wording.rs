//! The words of a finding: its title and its description.
//!
//! Owns: how what a rule and a message say is put together, each thing once. Must not: decide what is imported.

use base::text;

use super::{finding::Read, rule::Rule};
use crate::found::{DESCRIPTION, TITLE};

/// What a rule says of all its results, shortest first.
pub(super) fn of_rule(rule: &Rule) -> &str {
    let texts = [&rule.short, &rule.full, &rule.help];
    texts
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", String::as_str)
}

/// What the rule is about and what the message says first, without saying the same twice.
pub(super) fn title(read: &Read<'_>) -> String {
    let about = about(read);
    let says = text::line(
        read.message.trim_start().lines().next().unwrap_or_default(),
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
    text::line(&title, TITLE)
}

/// The rule in a few words, or its id.
fn about<'r>(read: &'r Read<'_>) -> &'r str {
    let of_rule = read.rule.map(|rule| [rule.short.as_str(), rule.name.as_str()]);
    of_rule
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty())
        .unwrap_or(&read.rule_id)
}

/// The message, then what the rule says at length, each once.
pub(super) fn description(read: &Read<'_>) -> String {
    let mut parts = vec![text::block(&read.message, 5_000)];
    if let Some(rule) = read.rule {
        for text in [&rule.full, &rule.help] {
            if !text.is_empty() && !parts.iter().any(|part| part.contains(text.as_str())) {
                parts.push(text.clone());
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    text::cut(&parts.join("\n\n"), DESCRIPTION)
}

/// For comparing: without case and the marks at the end.
fn bare(text: &str) -> String {
    text.trim_end_matches(['.', '!', ':', '…', ' ']).to_lowercase()
}
