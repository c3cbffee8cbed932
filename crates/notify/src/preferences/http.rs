//! The caller's own preference matrix over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use access::{Caller, FieldError, Json, Problem};
use axum::extract::State as Extract;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

use crate::http::State;

/// The schema of a change to the matrix: cells by their keys, in either form.
pub(crate) struct PreferenceChanges;

impl utoipa::ToSchema for PreferenceChanges {}
impl utoipa::PartialSchema for PreferenceChanges {
    fn schema() -> RefOr<Schema> {
        let keys: BTreeSet<&str> = super::KEYS.keys().map(String::as_str).collect();
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(keys));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property_names(Some(key))
            .additional_properties(Some(ObjectBuilder::new().schema_type(Type::Boolean)))
            .into()
    }
}

/// What the caller is notified of on which channel: every `event_type:channel`, on or off.
#[utoipa::path(get, path = "/me/notification-preferences", tag = "preferences", responses(
    (status = 200, description = "The complete matrix, by namespaced keys", body = BTreeMap<String, bool>,
     example = json!({"finding.assigned:email": true, "finding.assigned:slack": false})),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn get_preferences(
    Extract(state): Extract<State>,
    caller: Caller,
) -> Result<Json<BTreeMap<String, bool>>, Problem> {
    let matrix = state
        .access
        .store()
        .read(move |tx| super::matrix(tx, caller.user_id))
        .await?;
    Ok(Json(matrix))
}

/// Changes the keys it names, and no others. Legacy keys (`email_finding_assigned`) are accepted too; if both forms
/// name one cell, the namespaced one wins.
#[utoipa::path(put, path = "/me/notification-preferences", tag = "preferences",
    request_body = PreferenceChanges,
    responses(
        (status = 200, description = "The new matrix, complete", body = BTreeMap<String, bool>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn put_preferences(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(preferences): Json<BTreeMap<String, bool>>,
) -> Result<Json<BTreeMap<String, bool>>, Problem> {
    let cells = super::read(&preferences).map_err(|unknown| {
        let named = unknown
            .into_iter()
            .map(|key| FieldError::new(key, "unknown preference"));
        Problem::fields(named.collect())
    })?;
    let matrix = state
        .access
        .store()
        .write(move |tx| {
            super::save(tx, caller.user_id, &cells)?;
            super::matrix(tx, caller.user_id)
        })
        .await?;
    Ok(Json(matrix))
}
