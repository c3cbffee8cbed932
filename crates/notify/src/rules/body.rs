//! The body of a rule request, and its validation.

use std::collections::BTreeSet;

use access::{
    Patch, Refused, Role, Secret, directory,
    schema::{Email, Ids},
    validate,
};
use base::{Id, Kind, Severity, SubjectType};
use serde::Deserialize;
use store::{Error, Tx};

use super::{guard::Guard, rule::Rule};
use crate::{
    channel::Channel,
    channels::webhook::Format,
    destinations::PostUrl,
    kinds::{NotifiedKind, TemplateName},
    plan::{Batch, Filters, MAX_TEXT, MAX_VALUES, UrlTarget},
    target::{Key, Target, normalised},
};

/// The most recipients of one sort that a rule names.
const MAX_RECIPIENTS: usize = 200;

/// A new rule.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRule {
    /// The type of event it is for.
    #[schema(value_type = NotifiedKind)]
    event_type: Kind,
    /// The channel it turns on.
    channel: Channel,
    /// The minimum severity; null for any.
    min_severity: Option<Severity>,
    /// The company of the events; null for all.
    company_id: Option<Id>,
    /// Recipients in addition to the people responsible.
    #[serde(default, deserialize_with = "access::object")]
    recipients: Named,
    /// Its filters; an empty list does not limit.
    #[serde(default, deserialize_with = "access::object")]
    filters: Filters,
    /// How its webhooks get the events of an import or a bulk change; `import` by default.
    batch: Option<Batch>,
    /// Whether it is enabled; true by default.
    enabled: Option<bool>,
    /// The payload format, only on `webhook`; `standard` by default.
    format: Option<Format>,
    /// The payload template, only on `chat`, where it is required with URLs: `mattermost`, `google_chat`, `discord` or
    /// `ntfy`.
    #[schema(value_type = Option<TemplateName>)]
    template: Option<String>,
}

/// A change to a rule. Omitted fields are unchanged.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    /// The type of event it is for.
    #[schema(value_type = Option<NotifiedKind>)]
    event_type: Option<Kind>,
    /// The channel it turns on.
    channel: Option<Channel>,
    /// The minimum severity; null for any.
    #[serde(default)]
    #[schema(value_type = Option<Severity>)]
    min_severity: Patch<Severity>,
    /// The company of the events; null for all.
    #[serde(default)]
    #[schema(value_type = Option<Id>)]
    company_id: Patch<Id>,
    /// Its recipients: each list that is given replaces the existing one. A masked URL as returned keeps that URL.
    #[serde(default, deserialize_with = "access::object")]
    recipients: Named,
    /// Its filters: replaces all of them.
    #[serde(default, deserialize_with = "access::optional_object")]
    filters: Option<Filters>,
    /// How its webhooks get the events of an import or a bulk change.
    batch: Option<Batch>,
    /// Whether it is enabled.
    enabled: Option<bool>,
    /// The payload format, only on `webhook`. Waiting messages keep the format they were planned with.
    format: Option<Format>,
    /// The payload template, only on `chat`.
    #[schema(value_type = Option<TemplateName>)]
    template: Option<String>,
}

/// The recipients of a rule: people in any way for email and `in_app`, addresses only for email; `urls` for the others,
/// and `team_ids` and `owners` for chats.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRuleRecipients)]
struct Named {
    /// Email addresses.
    #[schema(value_type = Option<Vec<Email>>, max_items = 200)]
    emails: Option<Vec<String>>,
    /// Users.
    #[schema(value_type = Option<Ids<{ MAX_RECIPIENTS }>>)]
    user_ids: Option<Vec<Id>>,
    /// Teams: their members by in-app and email, their channels by chat.
    #[schema(value_type = Option<Ids<{ MAX_RECIPIENTS }>>)]
    team_ids: Option<Vec<Id>>,
    /// Roles: users with one of them in the event's company.
    #[schema(max_items = 200)]
    roles: Option<Vec<Role>>,
    /// Whether the owners of the finding's asset and project are named.
    owners: Option<bool>,
    /// Whether followers of the record are named.
    followers: Option<bool>,
    /// URLs.
    #[schema(value_type = Option<Vec<PostUrl>>, max_items = 200)]
    urls: Option<Vec<String>>,
}

/// A valid rule, ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) event_type: Kind,
    pub(super) channel: Channel,
    pub(super) min_severity: Option<Severity>,
    pub(super) company_id: Option<Id>,
    pub(super) enabled: bool,
    pub(super) format: Format,
    /// Empty on channels without templates.
    pub(super) template: String,
    pub(super) filters: Filters,
    pub(super) batch: Batch,
    pub(super) recipients: Vec<Wanted>,
}

/// A valid recipient.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Email(Target),
    User(Id),
    Team(Id),
    Role(Role),
    Owners,
    Followers,
    Url(UrlTarget),
    /// The URL that is saved under this masked text.
    Kept(String),
}

impl Wanted {
    /// What identifies it; none for URLs, which are destinations.
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::Email(address) => Some(address.key.clone()),
            Self::User(id) | Self::Team(id) => Some(Key::stored(&id.to_string())),
            Self::Role(role) => Some(Key::stored(role.name())),
            Self::Owners => Some(Key::stored("owners")),
            Self::Followers => Some(Key::stored("followers")),
            Self::Url(_) | Self::Kept(_) => None,
        }
    }
}

impl Checked {
    /// The masks of the URLs that were given in full.
    pub(super) fn given(&self) -> Vec<String> {
        let urls = self.recipients.iter().filter_map(|recipient| match recipient {
            Wanted::Url(url) => Some(url.target.label.to_string()),
            _ => None,
        });
        urls.collect()
    }
}

impl NewRule {
    /// Its company.
    pub(super) const fn company(&self) -> Option<Id> {
        self.company_id
    }

    /// The rule, if it is valid.
    pub(super) fn check(self, tx: &mut Tx<'_>, guard: &Guard) -> Result<Checked, Refused> {
        let mut checked = Checked {
            event_type: self.event_type,
            channel: self.channel,
            min_severity: self.min_severity,
            company_id: self.company_id,
            enabled: self.enabled.unwrap_or(true),
            format: self.format.unwrap_or_default(),
            template: self.template.unwrap_or_default(),
            filters: self.filters.sorted(),
            batch: self.batch.unwrap_or_default(),
            recipients: Vec::new(),
        };
        fits(self.format, checked.channel)?;
        check(tx, guard, &mut checked, self.recipients, &[])?;
        Ok(checked)
    }
}

impl RuleChange {
    /// The changed rule, if it is valid.
    pub(super) fn check(self, tx: &mut Tx<'_>, guard: &Guard, before: &Rule) -> Result<Checked, Refused> {
        let mut checked = Checked {
            event_type: self.event_type.unwrap_or(before.event_type),
            channel: self.channel.unwrap_or(before.channel),
            min_severity: self.min_severity.over(before.min_severity),
            company_id: self.company_id.over(before.company_id),
            enabled: self.enabled.unwrap_or(before.enabled),
            format: self.format.or(before.format).unwrap_or_default(),
            template: self.template.unwrap_or_default(),
            filters: self.filters.as_ref().unwrap_or(&before.filters).sorted(),
            batch: self.batch.unwrap_or(before.batch),
            recipients: Vec::new(),
        };
        fits(self.format, checked.channel)?;
        if checked.template.is_empty() && checked.channel == before.channel {
            checked.template = before.template.clone().unwrap_or_default();
        }
        if checked.channel != Channel::Webhook {
            checked.format = Format::default();
        }
        let kept = &before.recipients;
        let recipients = Named {
            emails: self.recipients.emails.or_else(|| Some(kept.emails.clone())),
            user_ids: self.recipients.user_ids.or_else(|| Some(kept.user_ids.clone())),
            team_ids: self.recipients.team_ids.or_else(|| Some(kept.team_ids.clone())),
            roles: self.recipients.roles.or_else(|| Some(kept.roles.clone())),
            owners: self.recipients.owners.or(Some(kept.owners)),
            followers: self.recipients.followers.or(Some(kept.followers)),
            urls: self.recipients.urls.or_else(|| Some(kept.urls.clone())),
        };
        // A URL is only valid on the channel it was checked for.
        let masked: &[String] = if checked.channel == before.channel {
            &kept.urls
        } else {
            &[]
        };
        check(tx, guard, &mut checked, recipients, masked)?;
        Ok(checked)
    }
}

/// Whether the channel has the requested format.
fn fits(format: Option<Format>, channel: Channel) -> Result<(), Refused> {
    if format.is_some() && channel != Channel::Webhook {
        return Err(Refused::field("format", "is only allowed on webhook"));
    }
    Ok(())
}

fn check(
    tx: &mut Tx<'_>,
    guard: &Guard,
    rule: &mut Checked,
    named: Named,
    masked: &[String],
) -> Result<(), Refused> {
    let mut check = validate::Check::new();
    check.that(
        rule.event_type.about().notifies,
        "event_type",
        "this event type has no notifications",
    );
    if let Some(company) = rule.company_id {
        let known = directory::company_name(tx, company)?.is_some();
        check.that(known, "company_id", "company not found");
    }
    counted(rule.channel, &named, &mut check);
    let has_urls = named.urls.as_ref().is_some_and(|urls| !urls.is_empty());
    fits_template(&rule.template, rule.channel, has_urls, &mut check);
    limits(tx, guard, rule, &mut check)?;
    let users = named.user_ids.unwrap_or_default();
    let teams = named.team_ids.unwrap_or_default();
    known_users(tx, &mut check, rule.company_id, &users)?;
    known_teams(tx, &mut check, rule.company_id, &teams)?;
    for (at, email) in named.emails.unwrap_or_default().iter().enumerate() {
        // By the same rule that is applied when a mail is sent.
        match guard
            .channels
            .check(Channel::Email, email.trim())
            .and_then(|email| guard.may_mail(email))
        {
            Ok(email) => {
                let mailbox = Target::mailbox(&guard.vault, &normalised(&email));
                rule.recipients.push(Wanted::Email(mailbox));
            }
            Err(why) => check.note(format!("recipients.emails[{at}]"), why),
        }
    }
    rule.recipients.extend(users.into_iter().map(Wanted::User));
    rule.recipients.extend(teams.into_iter().map(Wanted::Team));
    let roles = named.roles.unwrap_or_default().into_iter();
    rule.recipients.extend(roles.map(Wanted::Role));
    if named.owners == Some(true) {
        rule.recipients.push(Wanted::Owners);
    }
    if named.followers == Some(true) {
        rule.recipients.push(Wanted::Followers);
    }
    for (at, url) in named.urls.unwrap_or_default().iter().enumerate() {
        if !rule.channel.has_url() {
            break;
        }
        if masked.contains(url) {
            rule.recipients.push(Wanted::Kept(url.clone()));
            continue;
        }
        match guard
            .channels
            .check(rule.channel, url.trim())
            .and_then(|url| guard.may_post(url))
        {
            Ok(url) => {
                let url = UrlTarget::new(&guard.vault, Secret::new(url)).with_template(&rule.template);
                rule.recipients.push(Wanted::Url(url));
            }
            Err(why) => check.note(format!("recipients.urls[{at}]"), why),
        }
    }
    Ok(check.valid()?)
}

/// Whether the template is one of the channel's, and present if a URL needs it.
fn fits_template(template: &str, channel: Channel, has_urls: bool, check: &mut validate::Check) {
    let known = channel.about().templates;
    if template.is_empty() {
        check.that(known.is_empty() || !has_urls, "template", "is required");
    } else if known.is_empty() {
        check.note("template", "is only allowed on chat");
    } else if !known.contains(&template) {
        check.note("template", format!("must be one of {}", known.join(", ")));
    }
}

/// Which recipients a channel accepts, and that it has one if nobody is notified otherwise.
fn counted(channel: Channel, named: &Named, check: &mut validate::Check) {
    let count = |list: &Option<Vec<Id>>| list.as_ref().map_or(0, Vec::len);
    let texts = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
    let (people, chat) = (!channel.has_url(), channel.is_chat());
    let (teams, owners) = (count(&named.team_ids), usize::from(named.owners == Some(true)));
    let urls = texts(&named.urls);
    for (field, count, fits) in [
        (
            "recipients.emails",
            texts(&named.emails),
            channel == Channel::Email,
        ),
        ("recipients.user_ids", count(&named.user_ids), people),
        ("recipients.team_ids", teams, people || chat),
        (
            "recipients.roles",
            named.roles.as_ref().map_or(0, Vec::len),
            people,
        ),
        ("recipients.owners", owners, people || chat),
        (
            "recipients.followers",
            usize::from(named.followers == Some(true)),
            people,
        ),
        ("recipients.urls", urls, !people),
    ] {
        check.that(count == 0 || fits, field, "is not allowed on this channel");
        check.that(count <= MAX_RECIPIENTS, field, "must list at most 200");
    }
    let reaches = people || urls > 0 || (chat && teams + owners > 0);
    check.that(
        reaches,
        "recipients.urls",
        "is required: without a URL the rule could never send anything",
    );
}

/// Filters name existing records, of the rule's company if it has one.
fn limits(tx: &mut Tx<'_>, guard: &Guard, rule: &Checked, check: &mut validate::Check) -> Result<(), Error> {
    let filters = &rule.filters;
    for (field, kind, ids) in [
        ("filters.project_ids", SubjectType::Project, &filters.project_ids),
        ("filters.asset_ids", SubjectType::Asset, &filters.asset_ids),
    ] {
        check.that(ids.len() <= MAX_VALUES, field, "must list at most 100");
        for (at, id) in ids.iter().take(MAX_VALUES).enumerate() {
            let company = (guard.company_of)(tx, kind, *id)?;
            let known = company.is_some_and(|company| rule.company_id.is_none_or(|own| own == company));
            check.that(known, &format!("{field}[{at}]"), "is not in the rule's company");
        }
    }
    for (field, texts) in [
        ("filters.tags", &filters.tags),
        ("filters.tools", &filters.tools),
        ("filters.statuses", &filters.statuses),
    ] {
        check.that(texts.len() <= MAX_VALUES, field, "must list at most 100");
        for (at, text) in texts.iter().take(MAX_VALUES).enumerate() {
            check.line(&format!("{field}[{at}]"), text, MAX_TEXT);
        }
    }
    Ok(())
}

fn known_users(
    tx: &mut Tx<'_>,
    check: &mut validate::Check,
    company: Option<Id>,
    users: &[Id],
) -> Result<(), Error> {
    let known: BTreeSet<Id> = directory::people(tx, users)?
        .into_iter()
        .filter(|person| company.is_none_or(|company| person.scope.allows(company)))
        .map(|person| person.id)
        .collect();
    for (at, user) in users.iter().enumerate() {
        let detail = if company.is_some() {
            "user not found in this company"
        } else {
            "user not found"
        };
        check.that(
            known.contains(user),
            &format!("recipients.user_ids[{at}]"),
            detail,
        );
    }
    Ok(())
}

fn known_teams(
    tx: &mut Tx<'_>,
    check: &mut validate::Check,
    company: Option<Id>,
    teams: &[Id],
) -> Result<(), Error> {
    let known: BTreeSet<Id> = directory::team_names(tx, teams)?
        .into_iter()
        .filter(|team| company.is_none_or(|company| team.company_id == company))
        .map(|team| team.id)
        .collect();
    for (at, team) in teams.iter().enumerate() {
        let detail = "team not found, or not in the rule's company";
        check.that(
            known.contains(team),
            &format!("recipients.team_ids[{at}]"),
            detail,
        );
    }
    Ok(())
}
