//! The handlers of projects.
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

use super::{Change, Filter, New, Project, Sort, Status};
use crate::{
    By, Date, MAX_DESCRIPTION, MAX_LINE, MAX_SEARCH, MAX_TITLE, Place, Records,
    owned::{self, Owned},
    tags::{self, Tags},
    text,
};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Project)]
#[expect(missing_docs, reason = "the fields are those of a project")]
pub struct View {
    pub id: Id,
    pub company_id: Id,
    pub company_name: String,
    pub name: String,
    pub description: String,
    pub status: Status,
    /// Its first day.
    pub starts_on: Option<Date>,
    /// Its last day.
    pub ends_on: Option<Date>,
    /// Who owns it: the owners are responsible for findings without assignees.
    pub owners: owned::View,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
}

impl From<Project> for View {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            company_id: project.company.id,
            company_name: project.company.name,
            name: project.name,
            description: project.description,
            status: project.status,
            starts_on: project.starts_on,
            ends_on: project.ends_on,
            owners: project.owned.into(),
            tags: project.tags,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}

/// A project to create.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    /// The company it belongs to.
    company_id: Id,
    /// One line of at most 300 characters.
    #[schema(value_type = Name<{ MAX_TITLE }>)]
    name: String,
    /// At most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// `planned` by default.
    status: Option<Status>,
    /// Its first day.
    starts_on: Option<Date>,
    /// Its last day.
    ends_on: Option<Date>,
    /// Who owns it.
    #[serde(default, deserialize_with = "access::optional_object")]
    owners: Option<owned::Body>,
    /// At most 20 tags of at most 50 characters, without commas. They are stored in lower case.
    #[serde(default)]
    #[schema(value_type = Tags)]
    tags: Vec<String>,
}

impl NewProject {
    fn checked(self, tx: &mut Tx<'_>) -> Result<New, Problem> {
        let mut check = Check::new();
        let owned = owned::checked(tx, self.company_id, self.owners, &Owned::default(), &mut check)?;
        let new = New {
            name: text::title(&mut check, "name", &self.name),
            description: check.block(
                "description",
                &self.description.unwrap_or_default(),
                MAX_DESCRIPTION,
            ),
            status: self.status.unwrap_or(Status::Planned),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            owned: owned.unwrap_or_default(),
            tags: tags::checked(&mut check, &self.tags),
        };
        check.done().map(|()| new)
    }
}

/// Changes of a project; omitted fields stay unchanged.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectChange {
    /// One line of at most 300 characters.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    name: Option<String>,
    /// At most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// Its status.
    status: Option<Status>,
    /// Its first day; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    starts_on: Patch<Date>,
    /// Its last day; null for none.
    #[serde(default)]
    #[schema(value_type = Option<Date>)]
    ends_on: Patch<Date>,
    /// Who owns it; omitted parts stay unchanged.
    #[serde(default, deserialize_with = "access::optional_object")]
    owners: Option<owned::Body>,
    /// All its tags.
    #[schema(value_type = Option<Tags>)]
    tags: Option<Vec<String>>,
}

impl ProjectChange {
    fn checked(self, tx: &mut Tx<'_>, project: &Project) -> Result<Change, Problem> {
        let mut check = Check::new();
        let owned = owned::checked(tx, project.company.id, self.owners, &project.owned, &mut check)?;
        let change = Change {
            name: self.name.map(|name| text::title(&mut check, "name", &name)),
            description: self
                .description
                .map(|text| check.block("description", &text, MAX_DESCRIPTION)),
            status: self.status,
            starts_on: self.starts_on.change(),
            ends_on: self.ends_on.change(),
            owned,
            tags: self.tags.map(|tags| tags::checked(&mut check, &tags)),
        };
        check.done().map(|()| change)
    }
}

/// Filters.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only those in one of these statuses, separated by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false)]
    status: Option<String>,
    /// Only those with this text in name or description, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// Only those with this tag.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    tag: Option<String>,
    /// `created_at`, `starts_on`, `ends_on` or `updated_at`, with `-` before it for descending order; `-created_at` by
    /// default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

/// The projects the caller may see
#[utoipa::path(
    get, path = "/projects", tag = "projects", operation_id = "list_projects", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of projects, newest first unless sorted otherwise", body = Page<View>),
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
        tag: text::named(&mut check, "tag", query.tag),
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

/// One project
#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects", operation_id = "get_project", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The project", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let project = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(project.into()))
}

/// Creates a project
#[utoipa::path(
    post, path = "/projects", tag = "projects", operation_id = "create_project", request_body = NewProject,
    responses(
        (status = 201, description = "The project", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewProject>,
) -> Result<Created<View>, Problem> {
    let company = body.company_id;
    caller.may(company, Role::Manager)?;
    let create = move |tx: &mut Tx<'_>| {
        let place = Place::find(tx, &caller.scope, company, None)?;
        let new = body.checked(tx)?;
        super::create(tx, new, place.company, &By::caller(&caller)).map(View::from)
    };
    records.write(move |tx| once.run(tx, create)).await
}

/// Changes a project; omitted fields stay unchanged
#[utoipa::path(
    patch, path = "/projects/{id}", tag = "projects", operation_id = "update_project", params(("id" = Id, Path)),
    request_body = ProjectChange,
    responses(
        (status = 200, description = "The project", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<ProjectChange>,
) -> Result<Json<View>, Problem> {
    let project = records
        .write(move |tx| {
            let mut project = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(project.company.id, Role::Manager)?;
            let change = body.checked(tx, &project)?;
            super::change(tx, &mut project, change, &By::caller(&caller))?;
            Ok(project)
        })
        .await?;
    Ok(Json(project.into()))
}

/// Deletes a project without findings and scans
#[utoipa::path(
    delete, path = "/projects/{id}", tag = "projects", operation_id = "delete_project", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It has findings or scans", body = Problem,
            content_type = "application/problem+json"),
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
            let project = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(project.company.id, Role::Manager)?;
            super::delete(tx, &project, &By::caller(&caller))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
