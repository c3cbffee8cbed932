//! The caller's saved views.

use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;
use store::Tx;

use crate::{
    Access, Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query,
    schema::{self, Name},
    validate::Check,
    views::{self, SavedView, ViewPage},
};

/// The longest name of a view, in characters.
const NAME: usize = 60;

/// The longest query, in characters.
const QUERY: usize = 2_000;

/// The schema of a view's query.
struct ViewQuery;

impl utoipa::ToSchema for ViewQuery {}
impl utoipa::PartialSchema for ViewQuery {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        schema::text(0, QUERY, "^([ ->@-~][ -~]*)?$")
    }
}

/// A view to save.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSavedView {
    /// The page it belongs to.
    page: ViewPage,
    /// Its name: one line of at most 60 characters, unique per page.
    #[schema(value_type = Name<{ NAME }>)]
    name: String,
    /// The query string of the page's URL, without the `?`: at most 2,000 printable ASCII characters; may be empty.
    #[schema(value_type = ViewQuery)]
    query: String,
}

/// Changes to a view; omitted fields stay unchanged.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedViewChange {
    /// Its name.
    #[schema(value_type = Option<Name<{ NAME }>>)]
    name: Option<String>,
    /// The query string of the page's URL, without the `?`.
    #[schema(value_type = Option<ViewQuery>)]
    query: Option<String>,
}

/// Filters for views.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only views of this page.
    page: Option<ViewPage>,
}

fn query(check: &mut Check, query: String) -> String {
    check.that(
        query.len() <= QUERY && query.bytes().all(|byte| matches!(byte, b' '..=b'~')),
        "query",
        "must be at most 2,000 printable ASCII characters",
    );
    check.that(
        !query.starts_with('?'),
        "query",
        "must not begin with a question mark",
    );
    query
}

/// List your saved views
#[utoipa::path(
    get, path = "/me/views", tag = "views", operation_id = "list_views", params(Filter, PageQuery),
    responses(
        (status = 200, description = "A page of views, oldest first", body = Page<SavedView>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<SavedView>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let rows = access
        .store()
        .read(move |tx| views::list(tx, caller.user_id, filter.page, after, limit + 1))
        .await?;
    Ok(Json(Page::cut(rows, limit, |view| view.id)))
}

/// Save a view
///
/// Each user may have 100.
#[utoipa::path(
    post, path = "/me/views", tag = "views", operation_id = "create_view", request_body = NewSavedView,
    responses(
        (status = 201, description = "Saved", body = SavedView),
        (status = 409, description = "The page already has a view with this name", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    caller: Caller,
    Create(once, new): Create<NewSavedView>,
) -> Result<Created<SavedView>, Problem> {
    let mut check = Check::new();
    let view = (check.name("name", &new.name, NAME), query(&mut check, new.query));
    check.done()?;
    let create = move |tx: &mut Tx<'_>| Ok(views::insert(tx, caller.user_id, new.page, view)?);
    access.store().write(move |tx| once.run(tx, create)).await
}

/// Update a saved view; omitted fields stay unchanged
#[utoipa::path(
    patch, path = "/me/views/{id}", tag = "views", operation_id = "update_view",
    params(("id" = Id, Path, description = "The view")), request_body = SavedViewChange,
    responses(
        (status = 200, description = "Changed", body = SavedView),
        (status = 409, description = "The page already has a view with this name", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(change): Json<SavedViewChange>,
) -> Result<Json<SavedView>, Problem> {
    let mut check = Check::new();
    let name = change.name.map(|name| check.name("name", &name, NAME));
    let query = change.query.map(|text| query(&mut check, text));
    let checked = check.valid();
    let view = access.store().write(move |tx| {
        // Nobody learns that another user's view exists, whatever the body contains.
        match checked {
            Ok(()) => views::update(tx, caller.user_id, id, (name, query)),
            Err(invalid) => views::update(tx, caller.user_id, id, (None, None)).and(Err(invalid.into())),
        }
    });
    Ok(Json(view.await?))
}

/// Delete a saved view
#[utoipa::path(
    delete, path = "/me/views/{id}", tag = "views", operation_id = "delete_view",
    params(("id" = Id, Path, description = "The view")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    access
        .store()
        .write(move |tx| views::delete(tx, caller.user_id, id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
