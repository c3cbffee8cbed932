//! `/insights/time-to-know`: for managers of a company, and for administrators.

use std::time::Duration;

use access::{Caller, Json, Problem, Query, Role, directory};
use axum::extract::State as Extract;
use base::{Id, Scope, Time};
use serde::Deserialize;

use super::insights::{self, TimeToKnow, Which};
use crate::http::State;

/// The default period.
const USUAL: Duration = Duration::from_hours(30 * 24);
/// The longest period.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// The period and the company.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimeToKnowQuery {
    /// Only those of this company; by default of all that the caller manages.
    company_id: Option<Id>,
    /// Since this time; 30 days before `to` by default.
    from: Option<Time>,
    /// Before this time; now by default. At most 366 days after `from`.
    to: Option<Time>,
}

/// How long it took until someone read an event, by severity and by team
///
/// An event is measured from the time it happened to its first human reader among the people notified: the notification
/// marked as read (also with all others), the record opened in a session, or a comment, a status change or an
/// assignment on its finding. An API token reads nothing, and a mail or a chat does not show who saw it. What an import
/// brought is measured from its first such event.
#[utoipa::path(get, path = "/insights/time-to-know", tag = "insights", params(TimeToKnowQuery), responses(
    (status = 200, description = "The figures", body = TimeToKnow),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn time_to_know(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(query): Query<TimeToKnowQuery>,
) -> Result<Json<TimeToKnow>, Problem> {
    let scope = managed(&caller, query.company_id)?;
    let (from, to) = window(&query, state.access.store().clock().now())?;
    let which = Which {
        scope,
        company: query.company_id,
        from,
        to,
    };
    let unread_after = state.unread_after;
    let read = state.access.store().scan(move |tx| {
        if let Some(company) = which.company
            && !directory::has_company(tx, company, &which.scope)?
        {
            return Ok(None);
        }
        insights::read(tx, &which, unread_after).map(Some)
    });
    read.await?.map(Json).ok_or_else(Problem::not_found)
}

/// The companies the caller manages, or the requested one of them.
fn managed(caller: &Caller, company: Option<Id>) -> Result<Scope, Problem> {
    if let Some(company) = company {
        caller.may(company, Role::Manager)?;
        return Ok(Scope::of([company]));
    }
    if caller.is_admin {
        return Ok(Scope::All);
    }
    let managed: Vec<Id> = caller
        .roles
        .keys()
        .copied()
        .filter(|company| caller.may(*company, Role::Manager).is_ok())
        .collect();
    if managed.is_empty() {
        return Err(Problem::forbidden("Requires the manager role in a company."));
    }
    Ok(Scope::of(managed))
}

fn window(query: &TimeToKnowQuery, now: Time) -> Result<(Time, Time), Problem> {
    let to = query.to.unwrap_or(now);
    let from = query.from.unwrap_or_else(|| to.before(USUAL));
    if from >= to {
        return Err(Problem::field("from", "must be before to"));
    }
    if to.since(from) > LONGEST {
        return Err(Problem::field("from", "must be at most 366 days before to"));
    }
    Ok((from, to))
}
