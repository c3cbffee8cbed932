//! `/companies/{id}/sla-days`.

use access::{
    Caller, Json, Path, Problem, Role,
    audit::{self, Action, By, Entry},
    directory,
    validate::Check,
};
use axum::extract::State;
use base::{Id, Severity};
use serde_json::json;

use crate::{
    Records,
    sla::{self, MAX_DAYS, Overrides},
};

/// The SLA days a company has set.
///
/// Null stands for the settings' value, 0 for no deadline.
#[utoipa::path(
    get, path = "/companies/{id}/sla-days", tag = "companies", operation_id = "get_sla_days",
    params(("id" = Id, Path)),
    responses((status = 200, body = Overrides), (status = 404, body = Problem)),
)]
pub async fn get_sla_days(
    State(records): State<Records>,
    caller: Caller,
    Path(company): Path<Id>,
) -> Result<Json<Overrides>, Problem> {
    caller.may(company, Role::Viewer)?;
    records
        .read(move |tx| {
            directory::company_name(tx, company)?.ok_or_else(Problem::not_found)?;
            Ok(sla::overrides(tx, company)?)
        })
        .await
        .map(Json)
}

/// Sets the SLA days of a company, all six: what is null or left out goes back to the settings' value.
///
/// Deadlines that were computed before stay as they are.
#[utoipa::path(
    put, path = "/companies/{id}/sla-days", tag = "companies", operation_id = "put_sla_days",
    params(("id" = Id, Path)),
    request_body = Overrides,
    responses((status = 200, body = Overrides), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem)),
)]
pub async fn put_sla_days(
    State(records): State<Records>,
    caller: Caller,
    Path(company): Path<Id>,
    Json(mut overrides): Json<Overrides>,
) -> Result<Json<Overrides>, Problem> {
    caller.may(company, Role::Manager)?;
    let mut check = Check::new();
    for severity in Severity::ALL {
        let fits = overrides.slot(severity).is_none_or(|days| days <= MAX_DAYS);
        check.that(fits, severity.name(), "it is more than 3650");
    }
    check.done()?;
    records
        .write(move |tx| {
            let name = directory::company_name(tx, company)?.ok_or_else(Problem::not_found)?;
            let before = sla::set(tx, company, overrides)?;
            let days = |days: Overrides| json!({"sla_days": days});
            let entry = Entry::new(Action::SettingsChanged, company, name).of(company);
            let entry = entry.changed(&days(before), &days(overrides));
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok(overrides)
        })
        .await
        .map(Json)
}
