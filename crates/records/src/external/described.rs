//! How an event of another platform is described. The events are read attribute by attribute, so these types are never
//! constructed.

use std::collections::BTreeMap;

use access::schema::{Keyword, one_of, text};
use base::{Id, Kind, Severity, Time};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Schema, SchemaFormat,
        schema::{AnyOfBuilder, OneOfBuilder, Type},
    },
};

use super::{MOST, cloud, may_bring};

macro_rules! described {
    ($($(#[doc = $about:literal])+ $name:ident $schema:expr;)+) => {$(
        $(#[doc = $about])+
        pub(super) struct $name;

        impl ToSchema for $name {}
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema
            }
        }
    )+};
}

described! {
    /// The version of `CloudEvents`.
    CloudEventsVersion one_of(["1.0"]);
    /// An id of another platform.
    CloudEventId text(1, cloud::MAX_ID, r"^[^\u0000-\u001f\u007f-\u009f]*$");
    /// Another platform.
    CloudEventSource text(1, cloud::MAX_SOURCE, "^[!-~]+$");
    /// A kind of event that other platforms may send.
    BroughtKind one_of(Kind::ALL.iter().filter(|kind| may_bring(**kind)).map(|kind| kind.name()));
    /// What it happened to.
    CloudEventSubject text(0, cloud::MAX_SUBJECT, r"^[^\u0000-\u001f\u007f-\u009f]*$");
    /// The format of the data.
    CloudEventDataType text(1, 200, r"^(application/json|[a-z]+/[a-z.-]+\+json)$");
    /// The events of a batch.
    CloudEvents ArrayBuilder::new()
        .items(Ref::from_schema_name("CloudEvent"))
        .max_items(Some(MOST))
        .into();
    /// A batch of events, or one.
    CloudEventsOrOne OneOfBuilder::new()
        .item(Ref::from_schema_name("CloudEvent"))
        .item(Ref::from_schema_name("CloudEvents"))
        .into();
    /// A time, or a date.
    TimeOrDate AnyOfBuilder::new()
        .item(Ref::from_schema_name(Time::name()))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))),
        )
        .into();
}

/// What depends on the kind of event: whether it has a severity.
pub(super) fn by_kind() -> Keyword {
    let carrying = Kind::ALL.iter().filter(|kind| kind.about().severity);
    let names: Vec<_> = carrying.map(|kind| kind.name()).collect();
    let with = json!({"required": ["severity"], "properties": {"severity": {"type": "string"}}});
    let without = json!({"properties": {"severity": {"type": "null"}}});
    let case = json!({
        "if": {"required": ["type"], "properties": {"type": {"enum": names}}},
        "then": {"properties": {"data": with}},
        "else": {"properties": {"data": without}},
    });
    ("allOf", json!([case]))
}

/// What happened, with these fields and any others. Longer texts are truncated.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described")]
pub(super) struct CloudEventData {
    /// The record's name; this or `name` is required.
    title: Option<String>,
    /// The record's name.
    name: Option<String>,
    /// Required for kinds that carry a severity; not allowed for others.
    severity: Option<Severity>,
    /// The status.
    status: Option<String>,
    /// The previous status.
    from_status: Option<String>,
    /// The previous severity.
    from_severity: Option<String>,
    /// The location of a finding.
    location: Option<String>,
    /// The tool that found it.
    tool: Option<String>,
    /// The tool's rule.
    rule: Option<String>,
    /// The vulnerable component.
    component: Option<String>,
    /// Its version.
    component_version: Option<String>,
    /// The project.
    project_name: Option<String>,
    /// A comment.
    comment: Option<String>,
    /// Why something failed.
    error: Option<String>,
    /// The reason.
    reason: Option<String>,
    /// Identifiers such as `CVE-2021-44228`.
    identifiers: Option<Vec<Value>>,
    /// The versions of the component in which it is fixed.
    fixed_versions: Option<Vec<Value>>,
    /// Tags.
    tags: Option<Vec<Value>>,
    /// The deadline for closing it.
    #[schema(value_type = Option<TimeOrDate>)]
    sla_due_at: Option<Time>,
    /// The deadline for a retest.
    #[schema(value_type = Option<TimeOrDate>)]
    retest_due_at: Option<Time>,
    /// When it expires.
    #[schema(value_type = Option<TimeOrDate>)]
    expires_at: Option<Time>,
    /// When it expires.
    #[schema(value_type = Option<TimeOrDate>)]
    expires_on: Option<Time>,
    /// The counts of a scan.
    counts: Option<BTreeMap<String, Value>>,
    /// Users of the company.
    #[schema(max_items = 100)]
    assignee_user_ids: Option<Vec<Id>>,
    /// Teams of the company.
    #[schema(max_items = 100)]
    assignee_team_ids: Option<Vec<Id>>,
}
