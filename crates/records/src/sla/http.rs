//! `/companies/{id}/sla-days`, `/companies/{id}/sla-warnings`, and the defaults: `/sla-defaults`.

use access::{
    Caller, Json, Path, Problem, Role,
    audit::{self, Action, By, Entry},
    directory,
    validate::Check,
};
use axum::extract::State;
use base::{Id, Severity};
use serde::Serialize;
use serde_json::json;

use crate::{
    Records,
    sla::{
        self, Days, MAX_DAYS, Overrides, Warnings,
        ladder::{MAX_HOURS, MAX_WARNINGS},
        warnings,
    },
};

/// The values for a company that sets none.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SlaDefaults)]
pub struct Defaults {
    /// Days to the deadline, 0 for none.
    pub days: Days,
    /// Hours before the deadline at which to warn, earliest first.
    pub warning_hours: Vec<u32>,
}

/// The SLA days and warnings that the operator set for all companies
#[utoipa::path(
    get, path = "/sla-defaults", tag = "companies", operation_id = "get_sla_defaults",
    responses(
        (status = 200, description = "The defaults", body = Defaults),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get_sla_defaults(State(records): State<Records>, _: Caller) -> Json<Defaults> {
    let settings = records.settings();
    let steps = settings.sla_steps.steps().iter();
    Json(Defaults {
        days: settings.sla_days,
        warning_hours: steps.copied().filter(|hours| *hours > 0).collect(),
    })
}

/// The SLA days of a company
///
/// Null means the default, 0 means no deadline.
#[utoipa::path(
    get, path = "/companies/{id}/sla-days", tag = "companies", operation_id = "get_sla_days",
    params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The company's values", body = Overrides),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
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

/// Sets the SLA days of a company, all six; values that are null or omitted are reset to the default
///
/// Deadlines that were already calculated stay unchanged.
#[utoipa::path(
    put, path = "/companies/{id}/sla-days", tag = "companies", operation_id = "put_sla_days",
    params(("id" = Id, Path)),
    request_body = Overrides,
    responses(
        (status = 200, description = "The new values", body = Overrides),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
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
        check.that(fits, severity.name(), "must be at most 3,650");
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

/// When a company is warned about SLA deadlines
///
/// Null means the default hours, an empty list no warnings.
#[utoipa::path(
    get, path = "/companies/{id}/sla-warnings", tag = "companies", operation_id = "get_sla_warnings",
    params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The company's values", body = Warnings),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get_sla_warnings(
    State(records): State<Records>,
    caller: Caller,
    Path(company): Path<Id>,
) -> Result<Json<Warnings>, Problem> {
    caller.may(company, Role::Viewer)?;
    records
        .read(move |tx| {
            directory::company_name(tx, company)?.ok_or_else(Problem::not_found)?;
            Ok(warnings::of(tx, company)?)
        })
        .await
        .map(Json)
}

/// Sets when a company is warned about SLA deadlines; null or omitted resets to the default hours
///
/// The new hours apply to current deadlines, except for steps that are as near or nearer than those already announced.
/// If several of the new hours have already passed, only the nearest one counts.
#[utoipa::path(
    put, path = "/companies/{id}/sla-warnings", tag = "companies", operation_id = "put_sla_warnings",
    params(("id" = Id, Path)),
    request_body = Warnings,
    responses(
        (status = 200, description = "The new values", body = Warnings),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put_sla_warnings(
    State(records): State<Records>,
    caller: Caller,
    Path(company): Path<Id>,
    Json(body): Json<Warnings>,
) -> Result<Json<Warnings>, Problem> {
    caller.may(company, Role::Manager)?;
    checked(body.hours.as_deref().unwrap_or_default())?;
    let set = records
        .write(move |tx| {
            let name = directory::company_name(tx, company)?.ok_or_else(Problem::not_found)?;
            let before = warnings::of(tx, company)?;
            let set = warnings::set(tx, company, body)?;
            let warnings = |warnings: &Warnings| json!({"sla_warnings": warnings.hours});
            let entry = Entry::new(Action::SettingsChanged, company, name).of(company);
            let entry = entry.changed(&warnings(&before), &warnings(&set));
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok::<_, Problem>(set)
        })
        .await?;
    records.wake.notify_one();
    Ok(Json(set))
}

fn checked(hours: &[u32]) -> Result<(), Problem> {
    let mut check = Check::new();
    check.that(hours.len() <= MAX_WARNINGS, "hours", "must list at most 10");
    for (index, step) in hours.iter().enumerate().take(MAX_WARNINGS) {
        let field = format!("hours[{index}]");
        check.that((1..=MAX_HOURS).contains(step), &field, "must be from 1 to 2,160");
        check.that(!hours[..index].contains(step), &field, "must not occur twice");
    }
    check.done()
}
