//! Members of a company.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Access, AccessChange, InSession, Json, Member, Path, Problem, Role,
    audit::{self, Action, By, Entry},
    companies,
    http::companies::administer,
};

/// A member's role.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberBody {
    /// What they may do in the company.
    role: Role,
}

/// Add a member, or change a member's role
///
/// Requires a session and an administrator.
#[utoipa::path(
    put, path = "/companies/{id}/members/{user_id}", tag = "companies", operation_id = "put_member",
    params(("id" = Id, Path, description = "The company"), ("user_id" = Id, Path, description = "The user")),
    request_body = MemberBody,
    responses(
        (status = 200, description = "The member", body = Member),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path((company, user)): Path<(Id, Id)>,
    Json(body): Json<MemberBody>,
) -> Result<Json<Member>, Problem> {
    administer(&caller, company)?;
    access
        .change(move |tx| {
            let (had, member) = companies::set_member(tx, company, user, body.role)?;
            let role = |role: Role| json!({"role": role});
            let entry = |action| Entry::new(action, user, &*member.name).of(company);
            let entry = match had {
                Some(had) => entry(Action::MemberRoleChanged).changed(&role(had), &role(member.role)),
                None => entry(Action::MemberAdded).made(&role(member.role)),
            };
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok((Json(member), vec![AccessChange::User(user)]))
        })
        .await
}

/// Remove a member
///
/// Also removes the user from the company's teams. Requires a session and an administrator.
#[utoipa::path(
    delete, path = "/companies/{id}/members/{user_id}", tag = "companies", operation_id = "delete_member",
    params(("id" = Id, Path, description = "The company"), ("user_id" = Id, Path, description = "The user")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path((company, user)): Path<(Id, Id)>,
) -> Result<StatusCode, Problem> {
    administer(&caller, company)?;
    access
        .change(move |tx| {
            let was = companies::remove_member(tx, company, user)?;
            let entry = Entry::new(Action::MemberRemoved, user, was.name).gone(&json!({"role": was.role}));
            audit::note(tx, &By::caller(&caller), entry.of(company))?;
            Ok(((), vec![AccessChange::User(user)]))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
