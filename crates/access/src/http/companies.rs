//! Companies.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::{Deserialize, Serialize};

use crate::{
    Access, Caller, Company, Json, Member, Page, PageQuery, Path, Problem, Query, companies, http::NAME,
    validate::Check,
};

/// A company to add, or its new name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyBody {
    /// The name, one line of at most 200 characters.
    name: String,
}

/// A company with its members.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CompanyDetail {
    #[serde(flatten)]
    company: Company,
    /// Who is a member, in the order they joined the platform.
    members: Vec<Member>,
}

fn name(body: &CompanyBody) -> Result<String, Problem> {
    let mut check = Check::new();
    let name = check.line("name", &body.name, NAME);
    check.done()?;
    Ok(name)
}

/// The companies the caller may see
#[utoipa::path(
    get, path = "/companies", tag = "companies", params(PageQuery),
    responses(
        (status = 200, description = "A page of companies, oldest first", body = Page<Company>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Company>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let rows = access
        .store()
        .read(move |tx| companies::list(tx, &caller.scope, after, limit + 1))
        .await?;
    Ok(Json(Page::cut(rows, limit, |company| company.id.to_string())))
}

/// Add a company
#[utoipa::path(
    post, path = "/companies", tag = "companies", request_body = CompanyBody,
    responses(
        (status = 201, description = "Added", body = Company),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    caller: Caller,
    Json(body): Json<CompanyBody>,
) -> Result<(StatusCode, Json<Company>), Problem> {
    caller.admin()?;
    let name = name(&body)?;
    let company = access
        .store()
        .write(move |tx| companies::insert(tx, name))
        .await?;
    Ok((StatusCode::CREATED, Json(company)))
}

/// A company with its members
#[utoipa::path(
    get, path = "/companies/{id}", tag = "companies", params(("id" = Id, Path, description = "The company")),
    responses(
        (status = 200, description = "The company", body = CompanyDetail),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<CompanyDetail>, Problem> {
    access
        .store()
        .read(move |tx| {
            let company = companies::find(tx, id, &caller.scope)?;
            let members = companies::members(tx, id)?;
            Ok(Json(CompanyDetail { company, members }))
        })
        .await
}

/// Rename a company
#[utoipa::path(
    patch, path = "/companies/{id}", tag = "companies", params(("id" = Id, Path, description = "The company")),
    request_body = CompanyBody,
    responses(
        (status = 200, description = "Renamed", body = Company),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<CompanyBody>,
) -> Result<Json<Company>, Problem> {
    administer(&caller, id)?;
    let name = name(&body)?;
    access
        .store()
        .write(move |tx| {
            companies::rename(tx, id, &name)?;
            companies::find(tx, id, &caller.scope).map(Json)
        })
        .await
}

/// Remove a company
///
/// With its memberships and teams. 409 while it has records.
#[utoipa::path(
    delete, path = "/companies/{id}", tag = "companies", params(("id" = Id, Path, description = "The company")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    administer(&caller, id)?;
    access
        .change(move |tx| Ok(((), companies::delete(tx, id)?)))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Only an administrator may; whoever cannot even see the company is not told that it is there.
pub(crate) fn administer(caller: &Caller, company: Id) -> Result<(), Problem> {
    if !caller.scope.allows(company) {
        return Err(Problem::not_found());
    }
    caller.admin()
}
