//! Companies.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::{
    Access, Caller, Company, Create, Created, Json, Member, Page, PageQuery, Path, Problem, Query, Refused,
    Role,
    audit::{self, Action, By, Entry},
    companies,
    http::NAME,
    schema::{Name, OptionalLine},
    search,
    validate::Check,
};

/// A company to create.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyBody {
    /// The name, one line of at most 200 characters.
    #[schema(value_type = Name<{ NAME }>)]
    name: String,
}

/// Changes to a company; omitted fields stay unchanged.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyChange {
    /// The name, one line of at most 200 characters. Only for administrators.
    #[schema(value_type = Option<Name<{ NAME }>>)]
    name: Option<String>,
    /// Whether messages about the company by email and chat hide details. Also for its managers.
    minimal_messages: Option<bool>,
}

/// A company with its members.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CompanyDetail {
    #[serde(flatten)]
    company: Company,
    /// The members, in the order they joined the platform.
    members: Vec<Member>,
}

fn checked(name: &str) -> Result<String, Problem> {
    let mut check = Check::new();
    let name = check.name("name", name, NAME);
    check.done()?;
    Ok(name)
}

/// Filters for companies.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompanyFilter {
    /// Only companies whose name contains this text, regardless of case.
    #[param(inline, value_type = Option<OptionalLine<{ search::LONGEST }>>)]
    text: Option<String>,
}

/// List companies the caller has access to
#[utoipa::path(
    get, path = "/companies", tag = "companies", operation_id = "list_companies", params(CompanyFilter, PageQuery),
    responses(
        (status = 200, description = "A page of companies, oldest first", body = Page<Company>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(filter): Query<CompanyFilter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Company>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let text = search::search_text(filter.text)?;
    let rows = access
        .store()
        .read(move |tx| {
            search::find(
                text.as_deref(),
                (after, limit + 1),
                |after, limit| companies::list(tx, &caller.scope, after, limit),
                |company| (company.id, vec![&company.name]),
            )
        })
        .await?;
    Ok(Json(Page::cut(rows, limit, |company| company.id)))
}

/// Create a company
#[utoipa::path(
    post, path = "/companies", tag = "companies", operation_id = "create_company", request_body = CompanyBody,
    responses(
        (status = 201, description = "Added", body = Company),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    caller: Caller,
    Create(once, body): Create<CompanyBody>,
) -> Result<Created<Company>, Problem> {
    caller.admin()?;
    let name = checked(&body.name)?;
    let create = move |tx: &mut Tx<'_>| {
        let company = companies::insert(tx, name)?;
        let entry = Entry::new(Action::CompanyCreated, company.id, &*company.name).made(&company);
        audit::note(tx, &By::caller(&caller), entry.of(company.id))?;
        Ok(company)
    };
    access.store().write(move |tx| once.run(tx, create)).await
}

/// Get a company with its members
#[utoipa::path(
    get, path = "/companies/{id}", tag = "companies", operation_id = "get_company", params(("id" = Id, Path, description = "The company")),
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

/// Update a company
///
/// The name requires an administrator, the rest a manager of the company. A change of `minimal_messages` applies from the
/// next attempt on, also to pending messages.
#[utoipa::path(
    patch, path = "/companies/{id}", tag = "companies", operation_id = "update_company", params(("id" = Id, Path, description = "The company")),
    request_body = CompanyChange,
    responses(
        (status = 200, description = "Changed", body = Company),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<CompanyChange>,
) -> Result<Json<Company>, Problem> {
    caller.may(id, Role::Manager)?;
    if body.name.is_some() {
        administer(&caller, id)?;
    }
    let change = companies::Change {
        name: body.name.as_deref().map(checked).transpose()?,
        minimal_messages: body.minimal_messages,
    };
    access
        .store()
        .write(move |tx| {
            let (was, company) = companies::update(tx, id, &caller.scope, change)?;
            let entry = Entry::new(Action::CompanyUpdated, id, &*was.name).changed(&was, &company);
            audit::note(tx, &By::caller(&caller), entry.of(id))?;
            Ok(Json(company))
        })
        .await
}

/// Delete a company
///
/// Also deletes its memberships and teams. 409 while it has records.
#[utoipa::path(
    delete, path = "/companies/{id}", tag = "companies", operation_id = "delete_company", params(("id" = Id, Path, description = "The company")),
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
        .change(move |tx| {
            let (was, ended) = companies::delete(tx, id)?;
            let entry = Entry::new(Action::CompanyDeleted, id, &*was.name).gone(&was);
            audit::note(tx, &By::caller(&caller), entry.of(id))?;
            Ok(((), ended))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Requires an administrator; a caller without access to the company does not learn that it exists.
pub(crate) fn administer(caller: &Caller, company: Id) -> Result<(), Refused> {
    if !caller.scope.allows(company) {
        return Err(Refused::NotFound);
    }
    caller.admin()
}
