//! What an administrator sends, and whether it fits.

use std::collections::BTreeSet;

use access::{Patch, Problem, Secret, Vault, directory, validate};
use base::{Id, Kind, Severity};
use serde::Deserialize;
use store::{Error, Tx};

use super::Rule;
use crate::{
    channel::Channel,
    channels::{Channels, webhook::Format},
    plan::UrlTarget,
    target::{Key, Target, normalised},
};

/// The most recipients of one sort that a rule names.
const MOST: usize = 200;

/// A new rule.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// The type of event it is for.
    event_type: Kind,
    /// The channel it turns on.
    channel: Channel,
    /// From which severity on; null for any.
    min_severity: Option<Severity>,
    /// For which company's events; null for all.
    company_id: Option<Id>,
    /// Whom it names besides those an event concerns.
    #[serde(default)]
    recipients: Named,
    /// Whether it counts; true where it is left out.
    enabled: Option<bool>,
    /// The form of its posts, on webhook alone; `standard` where it is left out.
    format: Option<Format>,
}

/// What is to change of a rule. What is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    /// The type of event it is for.
    event_type: Option<Kind>,
    /// The channel it turns on.
    channel: Option<Channel>,
    /// From which severity on; null for any.
    #[serde(default)]
    #[schema(value_type = Option<Severity>)]
    min_severity: Patch<Severity>,
    /// For which company's events; null for all.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    company_id: Patch<Id>,
    /// Whom it names: each list that is given replaces the one there is. A masked URL as it was answered keeps that
    /// URL.
    #[serde(default)]
    recipients: Named,
    /// Whether it counts.
    enabled: Option<bool>,
    /// The form of its posts, on webhook alone. What waits keeps the form it was planned in.
    format: Option<Format>,
}

/// Whom a rule names: `emails` and `user_ids` for email, `user_ids` for `in_app`, `urls` for the others.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRuleRecipients)]
struct Named {
    /// Mail addresses.
    emails: Option<Vec<String>>,
    /// People.
    user_ids: Option<Vec<Id>>,
    /// URLs.
    urls: Option<Vec<String>>,
}

/// What a destination is checked and told apart with.
pub(super) struct Guard {
    pub(super) channels: Channels,
    pub(super) vault: Vault,
}

/// A rule that fits, ready to be written.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) event_type: Kind,
    pub(super) channel: Channel,
    pub(super) min_severity: Option<Severity>,
    pub(super) company_id: Option<Id>,
    pub(super) enabled: bool,
    pub(super) format: Format,
    pub(super) recipients: Vec<Wanted>,
}

/// A recipient that fits.
#[derive(Debug)]
pub(super) enum Wanted {
    Email(Target),
    User(Id),
    Url(UrlTarget),
    /// The URL that is stored under this masked text.
    Kept(String),
}

impl Wanted {
    /// What makes it the same as another; none for what is there already.
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::Email(address) => Some(address.key.clone()),
            Self::User(id) => Some(Key::stored(&id.to_string())),
            Self::Url(url) => Some(url.target.key.clone()),
            Self::Kept(_) => None,
        }
    }
}

impl Checked {
    /// The masks of the URLs that were given whole.
    pub(super) fn given(&self) -> Vec<String> {
        let urls = self.recipients.iter().filter_map(|recipient| match recipient {
            Wanted::Url(url) => Some(url.target.label.to_string()),
            _ => None,
        });
        urls.collect()
    }
}

impl NewRule {
    /// The rule, if it fits.
    pub(super) fn check(self, tx: &mut Tx<'_>, guard: &Guard) -> Result<Checked, Problem> {
        let mut checked = Checked {
            event_type: self.event_type,
            channel: self.channel,
            min_severity: self.min_severity,
            company_id: self.company_id,
            enabled: self.enabled.unwrap_or(true),
            format: self.format.unwrap_or_default(),
            recipients: Vec::new(),
        };
        fits(self.format, checked.channel)?;
        check(tx, guard, &mut checked, self.recipients, &[])?;
        Ok(checked)
    }
}

impl RuleChange {
    /// The rule as it will be, if it fits.
    pub(super) fn check(self, tx: &mut Tx<'_>, guard: &Guard, before: &Rule) -> Result<Checked, Problem> {
        let mut checked = Checked {
            event_type: self.event_type.unwrap_or(before.event_type),
            channel: self.channel.unwrap_or(before.channel),
            min_severity: self.min_severity.over(before.min_severity),
            company_id: self.company_id.over(before.company_id),
            enabled: self.enabled.unwrap_or(before.enabled),
            format: self.format.or(before.format).unwrap_or_default(),
            recipients: Vec::new(),
        };
        fits(self.format, checked.channel)?;
        if checked.channel != Channel::Webhook {
            checked.format = Format::default();
        }
        let kept = &before.recipients;
        let recipients = Named {
            emails: self.recipients.emails.or_else(|| Some(kept.emails.clone())),
            user_ids: self.recipients.user_ids.or_else(|| Some(kept.user_ids.clone())),
            urls: self.recipients.urls.or_else(|| Some(kept.urls.clone())),
        };
        // A URL is only good on the channel it was checked for.
        let masked: &[String] = if checked.channel == before.channel {
            &kept.urls
        } else {
            &[]
        };
        check(tx, guard, &mut checked, recipients, masked)?;
        Ok(checked)
    }
}

/// Whether a channel has the form that is asked for.
fn fits(format: Option<Format>, channel: Channel) -> Result<(), Problem> {
    if format.is_some() && channel != Channel::Webhook {
        return Err(Problem::field("format", "only webhooks have one"));
    }
    Ok(())
}

fn check(
    tx: &mut Tx<'_>,
    guard: &Guard,
    rule: &mut Checked,
    named: Named,
    masked: &[String],
) -> Result<(), Problem> {
    let mut check = validate::Check::new();
    let channel = rule.channel;
    let about = rule.event_type.about();
    check.that(
        about.notifies,
        "event_type",
        "nobody can be told of this type of event",
    );
    if let Some(company) = rule.company_id {
        let known = directory::company_name(tx, company)?.is_some();
        check.that(known, "company_id", "there is no such company");
    }
    let (emails, users, urls) = (
        named.emails.unwrap_or_default(),
        named.user_ids.unwrap_or_default(),
        named.urls.unwrap_or_default(),
    );
    let to_people = matches!(channel, Channel::InApp | Channel::Email);
    for (field, count, fits) in [
        ("recipients.emails", emails.len(), channel == Channel::Email),
        ("recipients.user_ids", users.len(), to_people),
        ("recipients.urls", urls.len(), !to_people),
    ] {
        check.that(count == 0 || fits, field, "this channel takes none of these");
        check.that(count <= MOST, field, "more than 200");
    }
    for (at, email) in emails.iter().enumerate() {
        // By the rule that is asked again when a mail is sent.
        match guard.channels.check(Channel::Email, email.trim()) {
            Ok(email) => {
                let mailbox = Target::mailbox(&guard.vault, &normalised(&email));
                rule.recipients.push(Wanted::Email(mailbox));
            }
            Err(why) => check.note(format!("recipients.emails[{at}]"), why),
        }
    }
    known_users(tx, &mut check, &users)?;
    rule.recipients.extend(users.into_iter().map(Wanted::User));
    for (at, url) in urls.iter().enumerate().filter(|_| !to_people) {
        if masked.contains(url) {
            rule.recipients.push(Wanted::Kept(url.clone()));
            continue;
        }
        match guard.channels.check(channel, url.trim()) {
            Ok(url) => rule
                .recipients
                .push(Wanted::Url(UrlTarget::new(&guard.vault, Secret::new(url)))),
            Err(why) => check.note(format!("recipients.urls[{at}]"), why),
        }
    }
    check.done()
}

fn known_users(tx: &mut Tx<'_>, check: &mut validate::Check, users: &[Id]) -> Result<(), Error> {
    if users.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<Id> = directory::people(tx, users)?
        .into_iter()
        .map(|person| person.id)
        .collect();
    for (at, user) in users.iter().enumerate() {
        check.that(
            known.contains(user),
            &format!("recipients.user_ids[{at}]"),
            "there is no such person",
        );
    }
    Ok(())
}
