//! Rules over HTTP: administrators create any, managers those of their company (promise O4).

use std::time::Duration;

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Refused, Role,
    audit::{self, Action, By},
    validate,
};
use axum::{
    extract::State as Extract,
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use base::{Id, Kind};
use serde::Deserialize;
use store::Tx;

use super::{
    NewRule, Rule, RuleChange,
    dry_run::{self, DryRun, Trial},
    found::{entry, found},
    guard::Guard,
    read, write,
};
use crate::{channel::Channel, http::State};

/// Filters.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those for this event type.
    event_type: Option<Kind>,
    /// Only those of this channel.
    channel: Option<Channel>,
}

/// All rules, in the order they were created.
#[utoipa::path(get, path = "/notification-rules", tag = "notification rules", params(ListQuery, PageQuery), responses(
    (status = 200, description = "One page; URLs are masked", body = Page<Rule>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_rules(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Rule>>, Problem> {
    let limit = page.limit()?;
    let managed = managed(&caller)?;
    let filter = read::Filter {
        event_type: query.event_type,
        channel: query.channel,
        after: page.after()?,
        companies: managed.clone(),
    };
    let store = state.access.store();
    let mut rules = store.read(move |tx| read::list(tx, &filter, limit + 1)).await?;
    if managed.is_some() {
        rules.iter_mut().for_each(for_manager);
    }
    Ok(Json(Page::cut(rules, limit, |rule| rule.id)))
}

/// Whose rules the caller may see in addition to the platform's: none for an administrator, who sees all.
fn managed(caller: &Caller) -> Result<Option<Vec<Id>>, Problem> {
    if caller.is_admin {
        return Ok(None);
    }
    let managed: Vec<Id> = caller
        .roles
        .iter()
        .filter(|(company, role)| **role == Role::Manager && caller.scope.allows(**company))
        .map(|(company, _)| *company)
        .collect();
    if managed.is_empty() {
        return Err(Problem::forbidden("Requires the manager role in a company."));
    }
    Ok(Some(managed))
}

/// Managers see the purpose of the platform's rules, not their recipients: those may be in other companies.
fn for_manager(rule: &mut Rule) {
    if rule.company_id.is_none() {
        rule.recipients = super::Recipients::default();
    }
}

/// Whether the caller may create and change rules of this company; of the platform, for none.
fn may_change(caller: &Caller, company: Option<Id>) -> Result<(), Refused> {
    match company {
        Some(company) => caller.may(company, Role::Manager),
        None => caller.admin(),
    }
}

/// A URL is still used when the token that set it is revoked.
fn may_lead_elsewhere(caller: &Caller, checked: &super::body::Checked) -> Result<(), Problem> {
    if !checked.given().is_empty() {
        caller.in_session()?;
    }
    Ok(())
}

/// Creates a rule. One with a URL requires a session.
#[utoipa::path(post, path = "/notification-rules", tag = "notification rules", request_body = NewRule, responses(
    (status = 201, description = "The rule, which is now in effect", body = Rule),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Create(once, body): Create<NewRule>,
) -> Result<impl IntoResponse, Problem> {
    let guard = guard(&state).of(&caller);
    may_change(&caller, body.company())?;
    let create = move |tx: &mut Tx<'_>| {
        let checked = body.check(tx, &guard)?;
        may_lead_elsewhere(&caller, &checked)?;
        let id = write::create(tx, &guard.vault, &checked).map_err(taken)?;
        let rule = found(tx, id)?;
        audit::note(
            tx,
            &By::caller(&caller),
            entry(Action::RuleCreated, &rule).made(&rule),
        )?;
        Ok(rule)
    };
    let made = state.access.store().write(move |tx| once.run(tx, create)).await?;
    let id = match &made {
        Created::New(rule) => rule.id.to_string(),
        Created::Repeated(answer) => answer["id"].as_str().unwrap_or_default().to_owned(),
    };
    let location = HeaderValue::from_str(&format!("/api/v1/notification-rules/{id}"))
        .map_err(|_| Problem::internal())?;
    Ok(([(header::LOCATION, location)], made))
}

/// The period of a dry run.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DryRunQuery {
    /// The number of days, 1 to 90; 7 by default.
    #[param(minimum = 1, maximum = 90)]
    days: Option<u32>,
}

/// Tries a rule without saving it: what it would have sent over the last days, in addition to the current rules.
#[utoipa::path(post, path = "/notification-rules/dry-run", tag = "notification rules", params(DryRunQuery),
    request_body = NewRule, responses(
    (status = 200, description = "The result; nothing was saved or sent", body = DryRun),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn try_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(query): Query<DryRunQuery>,
    Json(body): Json<NewRule>,
) -> Result<Json<DryRun>, Problem> {
    may_change(&caller, body.company())?;
    let days = query.days.unwrap_or(7);
    let mut check = validate::Check::new();
    check.that((1..=90).contains(&days), "days", "must be from 1 to 90");
    check.done()?;
    let guard = guard(&state).of(&caller);
    let clock = state.access.store().clock().clone();
    let from = clock.now().before(Duration::from_hours(24) * days);
    let run = state.access.store().scan(move |tx| {
        let rule = body.check(tx, &guard)?.planned(clock.id(), || clock.id());
        let vault = &guard.vault;
        let scope = caller.scope;
        dry_run::run(
            tx,
            Trial {
                vault,
                rule,
                from,
                scope,
            },
        )
    });
    Ok(Json(run.await?))
}

/// A rule.
#[utoipa::path(get, path = "/notification-rules/{id}", tag = "notification rules",
    params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 200, description = "The rule; URLs are masked", body = Rule),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn get_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Rule>, Problem> {
    let managed = managed(&caller)?;
    let mut rule = state.access.store().read(move |tx| found(tx, id)).await?;
    if let Some(managed) = managed {
        if rule.company_id.is_some_and(|company| !managed.contains(&company)) {
            return Err(Problem::not_found());
        }
        for_manager(&mut rule);
    }
    Ok(Json(rule))
}

/// Changes the given fields of a rule.
#[utoipa::path(patch, path = "/notification-rules/{id}", tag = "notification rules", request_body = RuleChange,
    params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 200, description = "The new rule", body = Rule),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<RuleChange>,
) -> Result<Json<Rule>, Problem> {
    // A caller who sees no rules must not learn which exist.
    managed(&caller)?;
    let guard = guard(&state).of(&caller);
    let rule = state
        .access
        .store()
        .write(move |tx| {
            let before = found(tx, id)?;
            may_change(&caller, before.company_id)?;
            let checked = body.check(tx, &guard, &before)?;
            may_change(&caller, checked.company_id)?;
            may_lead_elsewhere(&caller, &checked)?;
            write::change(tx, &guard.vault, id, &checked).map_err(taken)?;
            let rule = found(tx, id)?;
            let mut entry = entry(Action::RuleUpdated, &before).changed(&before, &rule);
            // It may be another one with the same mask, and saving the same one again turns it on.
            let given = checked.given();
            if !given.is_empty() {
                entry = entry.says("urls_saved", given);
            }
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok::<_, Problem>(rule)
        })
        .await?;
    Ok(Json(rule))
}

/// Deletes a rule. Its messages that wait for another attempt are not sent any more if it named their URL or address.
#[utoipa::path(delete, path = "/notification-rules/{id}", tag = "notification rules",
    params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 204, description = "The rule is deleted"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn delete_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    managed(&caller)?;
    let write = state.access.store().write(move |tx| {
        let rule = found(tx, id)?;
        may_change(&caller, rule.company_id)?;
        if !write::delete(tx, id)? {
            return Err(Problem::not_found());
        }
        let entry = entry(Action::RuleDeleted, &rule).gone(&rule);
        audit::note(tx, &By::caller(&caller), entry).map_err(Problem::from)
    });
    write.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn guard(state: &State) -> Guard {
    Guard {
        channels: state.channels.clone(),
        vault: state.access.vault().clone(),
        company_of: std::sync::Arc::clone(&state.company_of),
        managers: Some(state.managers.clone()),
    }
}

fn taken(error: store::Error) -> Problem {
    match error {
        store::Error::Unique => Problem::conflict(
            "A rule for this event type, channel, severity, company and filters already exists.",
        ),
        other => other.into(),
    }
}
