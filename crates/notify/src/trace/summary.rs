//! Who was notified of an event, in one sentence.

use std::collections::{BTreeMap, BTreeSet};

use base::{Event, SubjectType};

use super::{entry::Entry, gather::Gathered};
use crate::{channel::Channel, plan::Why, target::Recipient};

/// "3 people and 1 channel were notified."
pub(super) fn of(gathered: &Gathered) -> String {
    let Gathered { event, entries, .. } = gathered;
    if gathered.fault.is_some() {
        return "Nobody was notified, because the event could not be processed.".to_owned();
    }
    if gathered.planned_at.is_none() {
        return "Not planned yet.".to_owned();
    }
    let waiting = entries.iter().filter(|entry| entry.waits()).count();
    let messages = counted(waiting, "message is", "messages are");
    let notified: Vec<&Entry> = entries.iter().filter(|entry| entry.told).collect();
    if !notified.is_empty() {
        let more = match waiting {
            0 => String::new(),
            _ => format!(" {messages} still being sent."),
        };
        return format!("{} notified.{more}", recipients(&notified));
    }
    if waiting > 0 {
        return format!("Nobody has been notified yet: {messages} still being sent.");
    }
    nobody(event, entries)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// "a, b and c".
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "1 person, 2 channels and 1 webhook were".
fn recipients(notified: &[&Entry]) -> String {
    let distinct = |is: &dyn Fn(&Entry) -> bool| {
        let recipients: BTreeSet<(&Recipient, Option<Channel>)> = notified
            .iter()
            .filter(|entry| is(entry))
            // A person counts once, however they are notified; a team may have several channels.
            .map(|entry| (&entry.to, entry.channel.has_url().then_some(entry.channel)))
            .map(|(to, channel)| (to, channel.filter(|_| !matches!(to, Recipient::User(_)))))
            .collect();
        recipients.len()
    };
    let people = distinct(&|entry| matches!(entry.to, Recipient::User(_)));
    let addresses = distinct(&|entry| matches!(entry.to, Recipient::Address(_)));
    let webhooks =
        distinct(&|entry| matches!(entry.to, Recipient::Url(_)) && entry.channel == Channel::Webhook);
    let channels = distinct(&|entry| {
        matches!(entry.to, Recipient::Team(_) | Recipient::Url(_)) && entry.channel != Channel::Webhook
    });
    let parts: Vec<String> = [
        (people, "person", "people"),
        (addresses, "email address", "email addresses"),
        (channels, "channel", "channels"),
        (webhooks, "webhook", "webhooks"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| counted(count, one, many))
    .collect();
    let verb = if people + addresses + webhooks + channels == 1 {
        "was"
    } else {
        "were"
    };
    format!("{} {verb}", listed(&parts))
}

/// Why nobody was notified.
fn nobody(event: &Event, entries: &[Entry]) -> String {
    if !event.kind.about().notifies {
        return "Nobody was notified, because this type of event has no notifications.".to_owned();
    }
    if entries.is_empty() {
        let reason = if event.subject.kind == SubjectType::Finding {
            "nobody is responsible for the finding"
        } else {
            "the event has no recipients"
        };
        return format!("Nobody was notified, because {reason} and no rule names anyone.");
    }
    if entries.iter().all(|entry| entry.why == Why::NoRule) {
        return "Nobody was notified, because no rule for this type of event applies.".to_owned();
    }
    let mut reasons: BTreeMap<&str, BTreeSet<&Recipient>> = BTreeMap::new();
    // A person for whom no rule turns one channel on may have been excluded on another.
    for entry in entries.iter().filter(|entry| entry.why != Why::NoRule) {
        reasons.entry(entry.reason).or_default().insert(&entry.to);
    }
    let mut reasons: Vec<(usize, &str)> = reasons
        .into_iter()
        .map(|(reason, recipients)| (recipients.len(), reason))
        .collect();
    reasons.sort_unstable_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    let parts: Vec<String> = reasons
        .into_iter()
        .map(|(count, reason)| excluded(count, reason))
        .collect();
    format!("Nobody was notified: {}.", listed(&parts))
}

/// "2 people switched it off".
fn excluded(count: usize, reason: &str) -> String {
    let who = |one: &str, many: &str, rest: &str| {
        format!("{} {rest}", counted(count, one, many))
            .trim_end()
            .to_owned()
    };
    match reason {
        "opted_out" => who("recipient", "recipients", "turned it off"),
        "own_act" => who("person did it themselves", "people did it themselves", ""),
        "out_of_scope" => who("recipient has", "recipients have", "no access to the company"),
        "disabled" => who("account is", "accounts are", "disabled"),
        "unknown" => who("recipient is", "recipients are", "deleted"),
        "team_settings" => who("team leaves", "teams leave", "it out in its chat settings"),
        "team_channel" => who(
            "person is only a member of such a team",
            "people are only members of such teams",
            "",
        ),
        "no_destination" => who("team has", "teams have", "no chat channel for it"),
        "switched_off" => who("destination is", "destinations are", "turned off"),
        "written" => who("message was", "messages were", "written to a file"),
        "refused" => who("message was", "messages were", "rejected"),
        "failed" => who("message was", "messages were", "given up"),
        "outcome_unknown" => who("message has", "messages have", "an unknown outcome"),
        _ => who("message was", "messages were", "canceled"),
    }
}
