//! The handlers of agreements.
//!
//! Owns: bodies, their validation, and the required roles: viewers read, managers write. Must not: contain SQL.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Patch, Path, Problem, Query, Role,
    schema::{Block, Name, OptionalLine},
    validate::Check,
};
use axum::{extract::State, http::StatusCode};
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Agreement, Change, Filter, New, Sort, Status};
use crate::{By, Date, MAX_DESCRIPTION, MAX_LINE, MAX_SEARCH, MAX_TITLE, Place, Records, text};

/// Maximum hours of an agreement.
pub const MAX_HOURS: u32 = 1_000_000;

/// A framework agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Agreement)]
#[expect(missing_docs, reason = "the fields are those of an agreement")]
pub struct View {
    pub id: Id,
    pub company_id: Id,
    pub company_name: String,
    pub name: String,
    /// What both sides call it, such as a contract number.
    pub reference: Option<String>,
    pub description: String,
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub expires_on: Date,
    /// The contracted hours.
    pub hours: Option<u32>,
    /// The hours used so far.
    pub hours_used: u32,
    pub created_at: Time,
    pub updated_at: Time,
}

impl From<Agreement> for View {
    fn from(agreement: Agreement) -> Self {
        Self {
            id: agreement.id,
            company_id: agreement.company.id,
            company_name: agreement.company.name,
            name: agreement.name,
            reference: text::given(agreement.reference),
            description: agreement.description,
            status: agreement.status,
            starts_on: agreement.starts_on,
            expires_on: agreement.expires_on,
            hours: agreement.hours,
            hours_used: agreement.hours_used,
            created_at: agreement.created_at,
            updated_at: agreement.updated_at,
        }
    }
}

/// An agreement to create.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgreement {
    /// The company it is with.
    company_id: Id,
    /// One line of at most 300 characters.
    #[schema(value_type = Name<{ MAX_TITLE }>)]
    name: String,
    /// What both sides call it, such as a contract number: at most 1,000 characters.
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    reference: Option<String>,
    /// At most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// `active` by default.
    status: Option<Status>,
    /// Its first day.
    starts_on: Option<Date>,
    /// Its last day.
    expires_on: Date,
    /// The contracted hours.
    #[schema(maximum = 1_000_000)]
    hours: Option<u32>,
    /// The hours used so far; 0 by default.
    #[schema(maximum = 1_000_000)]
    hours_used: Option<u32>,
}

impl NewAgreement {
    fn checked(self) -> Result<New, Problem> {
        let mut check = Check::new();
        let reference = self.reference.unwrap_or_default();
        let description = self.description.unwrap_or_default();
        bounded(&mut check, "hours", self.hours);
        bounded(&mut check, "hours_used", self.hours_used);
        let new = New {
            name: text::title(&mut check, "name", &self.name),
            reference: text::line(&mut check, "reference", &reference, MAX_LINE),
            description: check.block("description", &description, MAX_DESCRIPTION),
            status: self.status.unwrap_or(Status::Active),
            starts_on: self.starts_on,
            expires_on: self.expires_on,
            hours: self.hours,
            hours_used: self.hours_used.unwrap_or(0),
        };
        check.done().map(|()| new)
    }
}

fn bounded(check: &mut Check, field: &str, hours: Option<u32>) {
    check.that(
        hours.is_none_or(|hours| hours <= MAX_HOURS),
        field,
        "must be at most 1,000,000",
    );
}

/// Changes of an agreement; omitted fields stay unchanged.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementChange {
    /// One line of at most 300 characters.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    name: Option<String>,
    /// What both sides call it; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    reference: Patch<String>,
    /// At most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// Its status.
    status: Option<Status>,
    /// Its first day; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    starts_on: Patch<Date>,
    /// Its last day.
    expires_on: Option<Date>,
    /// The contracted hours; null for none.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000)]
    hours: Patch<u32>,
    /// The hours used so far.
    #[schema(maximum = 1_000_000)]
    hours_used: Option<u32>,
}

impl AgreementChange {
    fn checked(self) -> Result<Change, Problem> {
        let mut check = Check::new();
        let hours = self.hours.change();
        bounded(&mut check, "hours", hours.flatten());
        bounded(&mut check, "hours_used", self.hours_used);
        let change = Change {
            name: self.name.map(|name| text::title(&mut check, "name", &name)),
            reference: text::line_change(&mut check, "reference", self.reference, MAX_LINE),
            description: self
                .description
                .map(|text| check.block("description", &text, MAX_DESCRIPTION)),
            status: self.status,
            starts_on: self.starts_on.change(),
            expires_on: self.expires_on,
            hours,
            hours_used: self.hours_used,
        };
        check.done().map(|()| change)
    }
}

/// Filters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those with this company.
    company_id: Option<Id>,
    /// Only those in one of these statuses, separated by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false)]
    status: Option<String>,
    /// Only those with this text in name, reference or description, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// `created_at`, `expires_on` or `updated_at`, with `-` before it for descending order; `-created_at` by default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

/// The agreements the caller may see
#[utoipa::path(
    get, path = "/agreements", tag = "agreements", operation_id = "list_agreements", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of agreements, newest first unless sorted otherwise", body = Page<View>),
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

/// One agreement
#[utoipa::path(
    get, path = "/agreements/{id}", tag = "agreements", operation_id = "get_agreement", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The agreement", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let agreement = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(agreement.into()))
}

/// Creates an agreement
#[utoipa::path(
    post, path = "/agreements", tag = "agreements", operation_id = "create_agreement", request_body = NewAgreement,
    responses(
        (status = 201, description = "The agreement", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewAgreement>,
) -> Result<Created<View>, Problem> {
    let company = body.company_id;
    caller.may(company, Role::Manager)?;
    let new = body.checked()?;
    let create = move |tx: &mut Tx<'_>| {
        let place = Place::find(tx, &caller.scope, company, None)?;
        super::create(tx, new, place.company, &By::caller(&caller)).map(View::from)
    };
    records.write(move |tx| once.run(tx, create)).await
}

/// Changes an agreement; omitted fields stay unchanged
#[utoipa::path(
    patch, path = "/agreements/{id}", tag = "agreements", operation_id = "update_agreement", params(("id" = Id, Path)),
    request_body = AgreementChange,
    responses(
        (status = 200, description = "The agreement", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<AgreementChange>,
) -> Result<Json<View>, Problem> {
    let agreement = records
        .write(move |tx| {
            let mut agreement = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(agreement.company.id, Role::Manager)?;
            super::change(tx, &mut agreement, body.checked()?, &By::caller(&caller))?;
            Ok(agreement)
        })
        .await?;
    Ok(Json(agreement.into()))
}

/// Deletes an agreement
#[utoipa::path(
    delete, path = "/agreements/{id}", tag = "agreements", operation_id = "delete_agreement", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
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
            let agreement = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(agreement.company.id, Role::Manager)?;
            super::delete(tx, &agreement, &By::caller(&caller))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
