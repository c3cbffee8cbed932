//! The handlers of approvals.
//!
//! Owns: bodies, their validation, and the required roles: viewers read, analysts request, managers decide. Must not:
//! contain SQL.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Refused, Role,
    schema::{Block, OptionalLine, PersonOrMe, Statement},
    validate::Check,
};
use axum::{extract::State, http::StatusCode};
use base::{Id, Severity, Time};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Approval, Decision, Filter, New, Sort, Status, change};
use crate::{
    By, MAX_COMMENT, MAX_SEARCH, Named, Records,
    date::{Moment, plausible},
    findings, text,
};

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Approval)]
#[expect(missing_docs, reason = "the fields are those of an approval")]
pub struct View {
    pub id: Id,
    pub company_id: Id,
    pub company_name: String,
    pub finding_id: Id,
    pub finding_title: String,
    pub severity: Severity,
    /// Why the risk should be accepted.
    pub reason: String,
    pub status: Status,
    /// Until when the risk is accepted.
    pub expires_at: Time,
    /// The requester; null if deleted.
    pub requested_by: Option<Named>,
    pub decided_by: Option<Named>,
    pub decided_at: Option<Time>,
    /// The comment on the decision.
    pub comment: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Increases with each change; a decision refers to the version that was read.
    pub version: i64,
    /// The finding's severity when its risk was accepted.
    pub accepted_severity: Option<Severity>,
    /// Whether the finding is now more severe than the accepted one: reopen the finding to withdraw the acceptance.
    pub outgrown: bool,
}

impl From<Approval> for View {
    fn from(approval: Approval) -> Self {
        let outgrown = approval.outgrown();
        Self {
            id: approval.id,
            company_id: approval.company.id,
            company_name: approval.company.name,
            finding_id: approval.finding.id,
            finding_title: approval.finding.name,
            severity: approval.severity,
            reason: approval.reason,
            status: approval.status,
            expires_at: approval.expires_at,
            requested_by: approval.requested_by,
            decided_by: approval.decided_by,
            decided_at: approval.decided_at,
            comment: text::given(approval.comment),
            created_at: approval.created_at,
            updated_at: approval.updated_at,
            version: approval.version,
            accepted_severity: approval.accepted_severity,
            outgrown,
        }
    }
}

/// An approval to request.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApproval {
    /// The finding whose risk should be accepted.
    finding_id: Id,
    /// Why: at most 2,000 characters.
    #[schema(value_type = Statement<{ MAX_COMMENT }>)]
    reason: String,
    /// Until when, in the future.
    #[schema(value_type = Moment)]
    expires_at: Time,
}

/// Changes of a request; omitted fields stay unchanged.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalChange {
    /// Why the risk should be accepted: at most 2,000 characters.
    #[schema(value_type = Option<Statement<{ MAX_COMMENT }>>)]
    reason: Option<String>,
    /// Until when, in the future.
    #[schema(value_type = Option<Moment>)]
    expires_at: Option<Time>,
}

fn checked(reason: &str, expires_at: Time, now: Time) -> Result<New, Problem> {
    let mut check = Check::new();
    let reason = check.statement("reason", reason, MAX_COMMENT);
    plausible(&mut check, "expires_at", Some(expires_at));
    check.that(expires_at > now, "expires_at", "must be in the future");
    check.done().map(|()| New { reason, expires_at })
}

base::words! {
    /// The possible decisions.
    pub enum Outcome (ApprovalDecision) {
        /// The risk is accepted.
        Approved "approved",
        /// The risk is not accepted.
        Rejected "rejected",
    }
}

/// A decision.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// Approved or rejected.
    decision: Outcome,
    /// Why: at most 2,000 characters.
    #[schema(value_type = Option<Block<{ MAX_COMMENT }>>)]
    comment: Option<String>,
    /// The version of the request that was read.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    version: i64,
}

/// Filters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those about this company.
    company_id: Option<Id>,
    /// Only those about this finding.
    finding_id: Option<Id>,
    /// Only those requested by this user: an id, or `me`.
    #[param(inline, value_type = Option<PersonOrMe>)]
    requested_by: Option<String>,
    /// Only those in one of these statuses, separated by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false)]
    status: Option<String>,
    /// Only those whose finding contains this text, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// `created_at`, `expires_at` or `updated_at`, with `-` before it for descending order; `-created_at` by default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

/// The approvals the caller may see
#[utoipa::path(
    get, path = "/approvals", tag = "approvals", operation_id = "list_approvals", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of approvals, newest first unless sorted otherwise", body = Page<View>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(records): State<Records>,
    caller: Caller,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<View>>, Problem> {
    let mut check = Check::new();
    let filter = Filter {
        company: query.company_id,
        finding: query.finding_id,
        requested_by: text::person(
            &mut check,
            "requested_by",
            query.requested_by.as_deref(),
            caller.user_id,
        ),
        statuses: text::several(&mut check, "status", query.status.as_deref()),
        text: text::wanted(&mut check, query.text),
    };
    let sort = Sort::read(&mut check, query.sort.as_deref());
    check.done()?;
    let searches = filter.text.is_some();
    let page = records
        .list(searches, move |tx| {
            super::list(tx, &caller.scope, &filter, sort, &page)
        })
        .await?;
    Ok(Json(page.map(View::from)))
}

/// One approval
#[utoipa::path(
    get, path = "/approvals/{id}", tag = "approvals", operation_id = "get_approval", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The approval", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let approval = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(approval.into()))
}

/// Requests that the risk of a finding be accepted until a time
///
/// The company's managers are notified; someone other than the requester decides.
#[utoipa::path(
    post, path = "/approvals", tag = "approvals", operation_id = "create_approval", request_body = NewApproval,
    responses(
        (status = 201, description = "The approval", body = View),
        (status = 409, description = "The risk cannot be accepted, or that is already requested", body = Problem,
            content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewApproval>,
) -> Result<Created<View>, Problem> {
    let create = move |tx: &mut Tx<'_>| {
        let finding = findings::get_for_update(tx, body.finding_id, &caller.scope)?;
        caller.may(finding.place.company.id, Role::Analyst)?;
        once.run(tx, |tx| {
            let new = checked(&body.reason, body.expires_at, tx.now())?;
            Ok(super::request(tx, &finding, new, &By::caller(&caller))?.into())
        })
    };
    records.write(create).await
}

/// Changes a request; omitted fields stay unchanged
///
/// Allowed for the requester and for managers; anyone who changes it cannot decide it.
#[utoipa::path(
    patch, path = "/approvals/{id}", tag = "approvals", operation_id = "update_approval", params(("id" = Id, Path)),
    request_body = ApprovalChange,
    responses(
        (status = 200, description = "The approval", body = View),
        (status = 409, description = "It is already decided", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<ApprovalChange>,
) -> Result<Json<View>, Problem> {
    let approval = records
        .write(move |tx| {
            let mut approval = super::get_for_update(tx, id, &caller.scope)?;
            own(&caller, &approval)?;
            let (reason, expires_at) = (body.reason.as_deref(), body.expires_at);
            if reason.is_some() || expires_at.is_some() {
                let expires_at = expires_at.unwrap_or(approval.expires_at);
                let new = checked(reason.unwrap_or(&approval.reason), expires_at, tx.now())?;
                change::change(tx, &mut approval, new, &By::caller(&caller))?;
            }
            Ok::<_, Problem>(approval)
        })
        .await?;
    Ok(Json(approval.into()))
}

/// Withdraws a request that is not decided yet
///
/// Allowed for the requester and for managers.
#[utoipa::path(
    delete, path = "/approvals/{id}", tag = "approvals", operation_id = "delete_approval", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 409, description = "It is already decided", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    records
        .write(move |tx| {
            let approval = super::get_for_update(tx, id, &caller.scope)?;
            own(&caller, &approval)?;
            Ok::<_, Problem>(super::delete(tx, &approval, &By::caller(&caller))?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the caller may change or withdraw the request: the requester, while they may still request one, and
/// managers.
fn own(caller: &Caller, approval: &Approval) -> Result<(), Refused> {
    let asked = approval.requested_by.as_ref().map(|person| person.id) == Some(caller.user_id);
    let role = if asked { Role::Analyst } else { Role::Manager };
    caller.may(approval.company.id, role)
}

/// Decides an approval, once
#[utoipa::path(
    post, path = "/approvals/{id}/decision", tag = "approvals", operation_id = "decide_approval",
    params(("id" = Id, Path)), request_body = DecisionBody,
    responses(
        (status = 200, description = "The approval", body = View),
        (status = 403, description = "The caller does not have the role, or wrote or changed the request", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "It is already decided, has changed or has expired, or the finding's status no longer allows it",
            body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn decide(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<DecisionBody>,
) -> Result<Json<View>, Problem> {
    let settings = records.settings();
    let approval = records
        .write(move |tx| {
            let finding = super::get(tx, id, &caller.scope)?.finding.id;
            let mut finding = findings::get_for_update(tx, finding, &caller.scope)?;
            let mut approval = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(approval.company.id, Role::Manager)?;
            let settings = settings.of(tx, approval.company.id)?;
            let by = By::caller(&caller);
            let context = findings::Context {
                settings: &settings,
                by: &by,
            };
            decided(tx, &mut approval, &mut finding, (body, context))?;
            Ok::<_, Problem>(approval)
        })
        .await?;
    Ok(Json(approval.into()))
}

fn decided(
    tx: &mut Tx<'_>,
    approval: &mut Approval,
    finding: &mut findings::Finding,
    (body, context): (DecisionBody, findings::Context<'_>),
) -> Result<(), Problem> {
    let mut check = Check::new();
    let comment = check.block("comment", &body.comment.unwrap_or_default(), MAX_COMMENT);
    check.done()?;
    let decision = Decision {
        approved: body.decision == Outcome::Approved,
        comment: comment.trim().to_owned(),
        version: body.version,
    };
    Ok(super::decide(tx, approval, finding, decision, context)?)
}
