//! The texts of a finding: its title and its description.
//!
//! Owns: combining the texts of a rule and a message without repetition. Must not: decide what is imported.

use base::text;

use super::{finding::Read, rule::Rule};
use crate::found::{DESCRIPTION, TITLE};

/// The text of a rule for all its results, shortest first.
pub(super) fn of_rule(rule: &Rule) -> &str {
    let texts = [&rule.short, &rule.full, &rule.help];
    texts
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", String::as_str)
}

/// The subject of the rule and the start of the message, without repetition.
pub(super) fn title(read: &Read<'_>) -> String {
    let about = about(read);
    let summary = text::line(
        read.message.trim_start().lines().next().unwrap_or_default(),
        TITLE,
    );
    let (about_bare, summary_bare) = (bare(about), bare(&summary));
    let title = if summary.is_empty() || about_bare.starts_with(&summary_bare) {
        about.to_owned()
    } else if about.is_empty() || summary_bare.starts_with(&about_bare) {
        summary
    } else {
        format!("{}: {summary}", about.trim_end_matches(['.', ':']))
    };
    text::line(&title, TITLE)
}

/// A short text of the rule, or its id.
fn about<'r>(read: &'r Read<'_>) -> &'r str {
    let of_rule = read.rule.map(|rule| [rule.short.as_str(), rule.name.as_str()]);
    of_rule
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty())
        .unwrap_or(&read.rule_id)
}

/// The message, then the long text of the rule, each once.
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

/// A text for comparison: without case and trailing punctuation.
fn bare(text: &str) -> String {
    text.trim_end_matches(['.', '!', ':', '…', ' ']).to_lowercase()
}
