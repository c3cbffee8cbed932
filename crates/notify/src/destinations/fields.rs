//! The chat fields in the bodies of teams and personal chats: `slack_webhook_url`, `chat_template` and so on, built
//! from the channels' descriptors, so that a new chat needs no field here.
//!
//! Must not: return a URL unmasked.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use access::{Patch, Secret, Vault, validate::Check};
use base::Id;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap,
};
use store::{Error, Tx, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::AdditionalProperties},
};

use super::table::{self, New, Owner};
use crate::{channel::Channel, channels::Channels, target::UrlTarget};

/// What a field contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Url,
    Template,
    Enabled,
}

/// The fields of each chat channel. `OWN` is for personal chats, which can be turned on and off.
fn fields<const OWN: bool>() -> impl Iterator<Item = (String, Channel, What)> {
    Channel::chats().flat_map(|channel| {
        let templates = !channel.about().templates.is_empty();
        [
            (true, "webhook_url", What::Url),
            (templates, "template", What::Template),
            (OWN, "enabled", What::Enabled),
        ]
        .into_iter()
        .filter(|(there, ..)| *there)
        .map(move |(_, name, what)| (format!("{channel}_{name}"), channel, what))
    })
}

/// The chat fields of a request. Omitted fields are unchanged; a URL of null or "" is removed; a masked URL as returned
/// is kept.
#[derive(Debug, Clone, Default)]
pub struct ChatChanges<const OWN: bool> {
    urls: BTreeMap<Channel, Patch<Secret>>,
    templates: BTreeMap<Channel, String>,
    pub(crate) enabled: BTreeMap<Channel, bool>,
}

impl<'de, const OWN: bool> Deserialize<'de> for ChatChanges<OWN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields::<OWN>)
    }
}

#[derive(Clone)]
struct Fields<const OWN: bool>;

impl<'de, const OWN: bool> Visitor<'de> for Fields<OWN> {
    type Value = ChatChanges<OWN>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut changes = ChatChanges::default();
        while let Some(key) = map.next_key::<String>()? {
            let Some((_, channel, what)) = fields::<OWN>().find(|(name, ..)| *name == key) else {
                return Err(A::Error::unknown_field(&key, &[]));
            };
            let at = |error: A::Error| A::Error::custom(format_args!("{key}: {error}"));
            let again = match what {
                What::Url => changes
                    .urls
                    .insert(channel, map.next_value().map_err(at)?)
                    .is_some(),
                What::Template => {
                    let template: Option<String> = map.next_value().map_err(at)?;
                    template.is_some_and(|template| changes.templates.insert(channel, template).is_some())
                }
                What::Enabled => {
                    let enabled: Option<bool> = map.next_value().map_err(at)?;
                    enabled.is_some_and(|enabled| changes.enabled.insert(channel, enabled).is_some())
                }
            };
            if again {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
        }
        Ok(changes)
    }
}

/// The response's fields of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chat {
    /// Masked.
    pub(crate) url: Option<String>,
    pub(crate) template: String,
    pub(crate) enabled: bool,
}

/// The chats of a team or a person, with masked URLs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chats<const OWN: bool>(pub(crate) BTreeMap<Channel, Chat>);

impl<const OWN: bool> Serialize for Chats<OWN> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let none = Chat::default();
        for (field, channel, what) in fields::<OWN>() {
            let chat = self.0.get(&channel).unwrap_or(&none);
            match what {
                What::Url => map.serialize_entry(&field, &chat.url)?,
                What::Template => {
                    let template = Some(&*chat.template).filter(|template| !template.is_empty());
                    map.serialize_entry(&field, &template)?;
                }
                What::Enabled => map.serialize_entry(&field, &chat.enabled)?,
            }
        }
        map.end()
    }
}

/// Reads the chats of these teams or people, without whether they are turned on.
///
/// # Errors
/// Database errors.
pub(crate) fn chats_of<const OWN: bool>(
    tx: &mut Tx<'_>,
    owners: &[Id],
) -> Result<BTreeMap<Id, Chats<OWN>>, Error> {
    let ids: Vec<Value> = owners.iter().map(Value::from).collect();
    let mut chats: BTreeMap<Id, Chats<OWN>> = BTreeMap::new();
    for stored in table::of_owners(tx, &ids)? {
        let chat = Chat {
            url: Some(stored.label),
            template: stored.template,
            enabled: false,
        };
        let of = chats.entry(stored.owner.id()).or_default();
        of.0.insert(stored.channel, chat);
    }
    Ok(chats)
}

/// A change to an owner's chats.
#[derive(Clone)]
pub(crate) enum Change {
    Clear(Channel),
    Set(Channel, Box<UrlTarget>),
    /// The URL stays.
    Template(Channel, String),
}

/// Whether one of them changes where messages are sent.
pub(crate) fn lead_elsewhere(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Set(..)))
}

impl<const OWN: bool> ChatChanges<OWN> {
    /// The change to the current chats; adds validation errors.
    pub(crate) fn check(
        self,
        now: &Chats<OWN>,
        (channels, vault): (&Channels, &Vault),
        check: &mut Check,
    ) -> Vec<Change> {
        let Self {
            mut urls,
            mut templates,
            ..
        } = self;
        let none = Chat::default();
        let mut changes = Vec::new();
        for channel in Channel::chats() {
            let now = now.0.get(&channel).unwrap_or(&none);
            let template = templates.remove(&channel);
            if let Some(name) = &template
                && !channel.about().templates.contains(&&**name)
            {
                let names = channel.about().templates.join(", ");
                check.note(format!("{channel}_template"), format!("must be one of {names}"));
                continue;
            }
            match wanted(urls.remove(&channel).unwrap_or_default(), now.url.as_deref()) {
                Wanted::Clear => changes.push(Change::Clear(channel)),
                Wanted::Same => match template {
                    Some(_) if now.url.is_none() => {
                        check.note(format!("{channel}_template"), "is only allowed with a URL");
                    }
                    Some(template) => changes.push(Change::Template(channel, template)),
                    None => {}
                },
                Wanted::Set(text) => {
                    let template = template.unwrap_or_else(|| now.template.clone());
                    if template.is_empty() && !channel.about().templates.is_empty() {
                        check.note(format!("{channel}_template"), "is required");
                    }
                    match channels.check(channel, &text) {
                        Ok(url) => {
                            let url = UrlTarget::new(vault, Secret::new(url)).with_template(&template);
                            changes.push(Change::Set(channel, Box::new(url)));
                        }
                        Err(why) => check.note(format!("{channel}_webhook_url"), why),
                    }
                }
            }
        }
        changes
    }
}

#[derive(Clone)]
enum Wanted {
    Same,
    Clear,
    Set(String),
}

/// A form sends back what it was shown: the mask is not a new URL.
fn wanted(input: Patch<Secret>, masked: Option<&str>) -> Wanted {
    match input {
        Patch::Keep => Wanted::Same,
        Patch::Clear => Wanted::Clear,
        Patch::Set(url) if url.expose().is_empty() => Wanted::Clear,
        Patch::Set(url) => match url.expose().trim() {
            text if Some(text) == masked => Wanted::Same,
            text => Wanted::Set(text.to_owned()),
        },
    }
}

/// Applies it; returns the fields of the URLs that were given in full, with their masks: it may be another URL with the
/// same mask, and saving the same one again turns it on.
///
/// # Errors
/// Database errors.
pub(crate) fn apply(
    tx: &mut Tx<'_>,
    vault: &Vault,
    (owner, company): (Owner, Option<Id>),
    changes: &[Change],
) -> Result<Vec<(String, String)>, Error> {
    let mut given = Vec::new();
    for change in changes {
        match change {
            Change::Clear(channel) => table::clear(tx, owner, *channel)?,
            Change::Template(channel, template) => table::set_template(tx, owner, *channel, template)?,
            Change::Set(channel, url) => {
                let new = New {
                    owner,
                    company,
                    channel: *channel,
                    url,
                };
                table::set(tx, vault, &new)?;
                given.push((format!("{channel}_webhook_url"), url.target.label.to_string()));
            }
        }
    }
    Ok(given)
}

fn schema<const OWN: bool>(written: bool) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new();
    for (field, channel, what) in fields::<OWN>() {
        let title = channel.about().title;
        let property = ObjectBuilder::new();
        let property = match what {
            What::Url if written => property
                .schema_type(nullable(Type::String))
                .write_only(true)
                .max_length(Some(crate::channels::destination::MAX_BYTES))
                .pattern(Some(super::PATTERN_OF_FIELDS))
                .description(Some(format!(
                    "Where messages on {title} go; null for nowhere. The masked form leaves it as it is."
                ))),
            What::Url => property
                .schema_type(nullable(Type::String))
                .description(Some(format!(
                    "Where messages on {title} go, masked; null for nowhere."
                ))),
            What::Template => property
                .schema_type(nullable(Type::String))
                .enum_values(Some(
                    channel
                        .about()
                        .templates
                        .iter()
                        .map(|name| Some(*name))
                        .chain([None]),
                ))
                .description(Some(format!("The payload template of messages on {title}."))),
            What::Enabled => property
                .schema_type(if written {
                    nullable(Type::Boolean)
                } else {
                    Type::Boolean.into()
                })
                .description(Some(format!("Whether messages on {title} are sent there."))),
        };
        object = object.property(field.clone(), property);
        if !written && what != What::Template {
            object = object.required(field);
        }
    }
    // This is only part of a response.
    object
        .additional_properties(written.then_some(AdditionalProperties::FreeForm(false)))
        .into()
}

fn nullable(kind: Type) -> utoipa::openapi::schema::SchemaType {
    utoipa::openapi::schema::SchemaType::Array(vec![kind, Type::Null])
}

impl<const OWN: bool> PartialSchema for ChatChanges<OWN> {
    fn schema() -> RefOr<Schema> {
        schema::<OWN>(true)
    }
}

impl<const OWN: bool> ToSchema for ChatChanges<OWN> {
    fn name() -> Cow<'static, str> {
        if OWN { "OwnChatChanges" } else { "TeamChatChanges" }.into()
    }
}

impl<const OWN: bool> PartialSchema for Chats<OWN> {
    fn schema() -> RefOr<Schema> {
        schema::<OWN>(false)
    }
}

impl<const OWN: bool> ToSchema for Chats<OWN> {
    fn name() -> Cow<'static, str> {
        if OWN { "OwnChats" } else { "TeamChats" }.into()
    }
}
