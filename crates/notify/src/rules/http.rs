//! Rules over HTTP, for administrators of the platform.

use std::time::Duration;

use access::{
    Caller, Json, Page, PageQuery, Path, Problem, Query,
    audit::{self, Action, By, Entry},
    validate,
};
use axum::{
    extract::State as Extract,
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use base::{Id, Kind};
use serde::Deserialize;

use super::{
    NewRule, Rule, RuleChange,
    body::Guard,
    dry_run::{self, DryRun, Trial},
    read, write,
};
use crate::{channel::Channel, http::State};

/// Which rules.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those for this event type.
    event_type: Option<Kind>,
    /// Only those of this channel.
    channel: Option<Channel>,
}

/// All rules, in the order they were made.
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
    caller.admin()?;
    let limit = page.limit()?;
    let filter = read::Filter {
        event_type: query.event_type,
        channel: query.channel,
        after: page.after()?,
    };
    let store = state.access.store();
    let rules = store.read(move |tx| read::list(tx, &filter, limit + 1)).await?;
    Ok(Json(Page::cut(rules, limit, |rule| rule.id.to_string())))
}

/// Makes a rule.
#[utoipa::path(post, path = "/notification-rules", tag = "notification rules", request_body = NewRule, responses(
    (status = 201, description = "It counts from now on", body = Rule),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn create_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Json(body): Json<NewRule>,
) -> Result<impl IntoResponse, Problem> {
    caller.admin()?;
    let guard = guard(&state);
    let rule = state
        .access
        .store()
        .write(move |tx| {
            let checked = body.check(tx, &guard)?;
            let id = write::create(tx, &guard.vault, &checked).map_err(taken)?;
            let rule = found(tx, id)?;
            audit::note(
                tx,
                &By::caller(&caller),
                entry(Action::RuleCreated, &rule).made(&rule),
            )?;
            Ok::<_, Problem>(rule)
        })
        .await?;
    let location = HeaderValue::from_str(&format!("/api/v1/notification-rules/{}", rule.id))
        .map_err(|_| Problem::internal())?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(rule)))
}

/// How far back a rule is tried.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DryRunQuery {
    /// Over the events of so many days, 1 to 90; 7 where it is left out.
    days: Option<u32>,
}

/// Tries a rule without saving it: what it would have sent over the last days, beyond what the present rules did.
#[utoipa::path(post, path = "/notification-rules/dry-run", tag = "notification rules", params(DryRunQuery),
    request_body = NewRule, responses(
    (status = 200, description = "Counted; nothing was saved or sent", body = DryRun),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn try_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(query): Query<DryRunQuery>,
    Json(body): Json<NewRule>,
) -> Result<Json<DryRun>, Problem> {
    caller.admin()?;
    let days = query.days.unwrap_or(7);
    let mut check = validate::Check::new();
    check.that((1..=90).contains(&days), "days", "expected 1 to 90");
    check.done()?;
    let guard = guard(&state);
    let clock = state.access.store().clock().clone();
    let from = clock.now().before(Duration::from_hours(24) * days);
    let run = state.access.store().read(move |tx| {
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
    run.await.map(Json)
}

/// One rule.
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
    caller.admin()?;
    let rule = state.access.store().read(move |tx| found(tx, id)).await?;
    Ok(Json(rule))
}

/// Changes what it names of a rule.
#[utoipa::path(patch, path = "/notification-rules/{id}", tag = "notification rules", request_body = RuleChange,
    params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 200, description = "The rule as it is now", body = Rule),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn change_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<RuleChange>,
) -> Result<Json<Rule>, Problem> {
    caller.admin()?;
    let guard = guard(&state);
    let rule = state
        .access
        .store()
        .write(move |tx| {
            let before = found(tx, id)?;
            let checked = body.check(tx, &guard, &before)?;
            write::change(tx, &guard.vault, id, &checked).map_err(taken)?;
            let rule = found(tx, id)?;
            let mut entry = entry(Action::RuleUpdated, &before).changed(&before, &rule);
            // It may be another one behind the same mask, and saving the same one again switches it on.
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

/// Deletes a rule. Messages of it that wait for another attempt are not sent any more where it named their URL or
/// address.
#[utoipa::path(delete, path = "/notification-rules/{id}", tag = "notification rules",
    params(("id" = Id, Path, description = "The rule")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn delete_rule(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    caller.admin()?;
    let write = state.access.store().write(move |tx| {
        let rule = found(tx, id)?;
        if !write::delete(tx, id)? {
            return Err(Problem::not_found());
        }
        let entry = entry(Action::RuleDeleted, &rule).gone(&rule);
        audit::note(tx, &By::caller(&caller), entry).map_err(Problem::from)
    });
    write.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is noted of a rule: it has no name of its own.
pub(super) fn entry(action: Action, rule: &Rule) -> Entry {
    Entry::new(
        action,
        rule.id,
        format!("{} by {}", rule.event_type, rule.channel),
    )
    .of(rule.company_id)
}

fn guard(state: &State) -> Guard {
    Guard {
        channels: state.channels.clone(),
        vault: state.access.vault().clone(),
    }
}

pub(super) fn found(tx: &mut store::Tx<'_>, id: Id) -> Result<Rule, Problem> {
    read::one(tx, id)?.ok_or_else(Problem::not_found)
}

fn taken(error: store::Error) -> Problem {
    match error {
        store::Error::Unique => {
            Problem::conflict("There is a rule for this event type, channel, severity and company already.")
        }
        other => other.into(),
    }
}
