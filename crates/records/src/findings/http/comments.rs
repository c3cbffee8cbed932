//! The handlers of comments on a finding: analysts add comments, and edit or delete their own; managers delete any.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Role,
    schema::Statement,
    validate::{self},
};
use axum::{extract::State, http::StatusCode};
use base::Id;
use serde::Deserialize;
use store::Tx;

use crate::{
    By, MAX_COMMENT, Records,
    findings::{self, comments, comments::Comment},
};

/// A comment to add.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentBody {
    /// At most 2,000 characters.
    #[schema(value_type = Statement<{ MAX_COMMENT }>)]
    body: String,
}

impl CommentBody {
    fn checked(self) -> Result<String, Problem> {
        let body = validate::statement("body", &self.body, MAX_COMMENT);
        body.map_err(|error| Problem::fields(vec![error]))
    }
}

/// The comments on a finding
#[utoipa::path(
    get, path = "/findings/{id}/comments", tag = "findings", operation_id = "list_comments",
    params(("id" = Id, Path), PageQuery),
    responses(
        (status = 200, description = "A page of comments, newest first", body = Page<Comment>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Comment>>, Problem> {
    let page = records
        .read(move |tx| {
            findings::get(tx, id, &caller.scope)?;
            comments::list(tx, id, &caller.scope, &page)
        })
        .await?;
    Ok(Json(page))
}

/// Adds a comment to a finding
#[utoipa::path(
    post, path = "/findings/{id}/comments", tag = "findings", operation_id = "create_comment",
    params(("id" = Id, Path)), request_body = CommentBody,
    responses(
        (status = 201, description = "The comment", body = Comment),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Create(once, body): Create<CommentBody>,
) -> Result<Created<Comment>, Problem> {
    let create = move |tx: &mut Tx<'_>| {
        let finding = findings::get_for_update(tx, id, &caller.scope)?;
        caller.may(finding.place.company.id, Role::Analyst)?;
        once.run(tx, |tx| {
            Ok(comments::add(
                tx,
                &finding,
                body.checked()?,
                &By::caller(&caller),
            )?)
        })
    };
    records.write(create).await
}

/// Edits the caller's own comment
#[utoipa::path(
    patch, path = "/findings/{id}/comments/{comment_id}", tag = "findings", operation_id = "update_comment",
    params(("id" = Id, Path), ("comment_id" = Id, Path)), request_body = CommentBody,
    responses(
        (status = 200, description = "The comment", body = Comment),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path((id, comment)): Path<(Id, Id)>,
    Json(body): Json<CommentBody>,
) -> Result<Json<Comment>, Problem> {
    let comment = records
        .write(move |tx| {
            let finding = findings::get_for_update(tx, id, &caller.scope)?;
            caller.may(finding.place.company.id, Role::Analyst)?;
            let mut comment = comments::get(tx, &finding, comment)?;
            if !is_own(&caller, &comment) {
                return Err(Problem::forbidden("Only the author of a comment may edit it."));
            }
            comments::reword(tx, &finding, &mut comment, body.checked()?, &By::caller(&caller))?;
            Ok::<_, Problem>(comment)
        })
        .await?;
    Ok(Json(comment))
}

/// Deletes the caller's own comment; a manager may delete any
#[utoipa::path(
    delete, path = "/findings/{id}/comments/{comment_id}", tag = "findings", operation_id = "delete_comment",
    params(("id" = Id, Path), ("comment_id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(records): State<Records>,
    caller: Caller,
    Path((id, comment)): Path<(Id, Id)>,
) -> Result<StatusCode, Problem> {
    records
        .write(move |tx| {
            let finding = findings::get_for_update(tx, id, &caller.scope)?;
            let company = finding.place.company.id;
            caller.may(company, Role::Analyst)?;
            let comment = comments::get(tx, &finding, comment)?;
            let role = if is_own(&caller, &comment) {
                Role::Analyst
            } else {
                Role::Manager
            };
            caller.may(company, role)?;
            Ok::<_, Problem>(comments::delete(tx, &finding, &comment, &By::caller(&caller))?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn is_own(caller: &Caller, comment: &Comment) -> bool {
    comment
        .author
        .as_ref()
        .is_some_and(|author| author.id == caller.user_id)
}
