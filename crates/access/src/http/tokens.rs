//! The caller's API tokens.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Tx;

use crate::{
    Access, Caller, Create, InSession, Json, Page, PageQuery, Path, Problem, Query, Token,
    audit::{self, Action, By, Entry},
    credentials::{self, Kind},
    end_credentials,
    http::{NAME, no_store},
    schema::Name,
    sessions::Origin,
    validate::Check,
};

/// How many tokens a user may have.
const MOST: u64 = 100;

/// A token to create.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The token's name.
    #[schema(value_type = Name<{ NAME }>)]
    name: String,
    /// When it expires; omit it for never.
    expires_at: Option<Time>,
}

/// A token with its text, which is shown only once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MadeToken {
    /// The text, for `Authorization: Bearer`. It cannot be shown again.
    token: String,
    #[serde(flatten)]
    made: Token,
}

/// List your API tokens
#[utoipa::path(
    get, path = "/tokens", tag = "tokens", operation_id = "list_tokens", params(PageQuery),
    responses(
        (status = 200, description = "A page of tokens, oldest first", body = Page<Token>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Token>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let rows = access
        .store()
        .read(move |tx| credentials::tokens(tx, caller.user_id, after, limit + 1))
        .await?;
    Ok(Json(Page::cut(rows, limit, |token| token.id)))
}

/// Create an API token
///
/// The response contains the token's text, which cannot be shown again. Requires a session: a token cannot create another one.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens", operation_id = "create_token", request_body = NewToken,
    responses(
        (status = 201, description = "Created", body = MadeToken),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    // A leaked token could otherwise outlive its own expiry.
    InSession(caller): InSession,
    Create(once, new): Create<NewToken>,
) -> Result<Response, Problem> {
    let token = Kind::Token.create(access.clock());
    let hash = credentials::hash(token.expose()).ok_or_else(Problem::internal)?;
    let create = move |tx: &mut Tx<'_>| insert(tx, &new, hash, &caller);
    let made = access.store().write(move |tx| once.run(tx, create)).await?;
    let made = made.map(|made| MadeToken {
        token: token.expose().to_owned(),
        made,
    });
    let mut response = made.into_response();
    no_store(&mut response);
    Ok(response)
}

/// Stores the hash of a new token.
fn insert(tx: &mut Tx<'_>, new: &NewToken, hash: String, caller: &Caller) -> Result<Token, Problem> {
    let mut check = Check::new();
    let name = check.name("name", &new.name, NAME);
    let now = tx.now();
    check.that(
        new.expires_at.is_none_or(|at| at > now),
        "expires_at",
        "must be in the future",
    );
    check.done()?;
    let row = credentials::NewRow {
        user: caller.user_id,
        kind: Kind::Token,
        hash,
        name,
        expires_at: new.expires_at,
        from: Origin::default(),
    };
    credentials::hold(tx, caller)?;
    if credentials::count_tokens(tx, row.user)? >= MOST {
        return Err(Problem::conflict(format!("You already have {MOST} tokens.")));
    }
    let (id, created_at) = credentials::insert(tx, &row)?;
    let entry = Entry::new(Action::TokenCreated, id, &*row.name);
    let entry = entry.made(&json!({"name": row.name, "expires_at": row.expires_at}));
    audit::note(tx, &By::caller(caller), entry)?;
    Ok(Token {
        id,
        name: row.name,
        created_at,
        expires_at: row.expires_at,
        last_used_at: None,
    })
}

/// Revoke an API token
///
/// Requires a session.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "tokens", operation_id = "delete_token", params(("id" = Id, Path, description = "The token")),
    responses(
        (status = 204, description = "Revoked"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(access): State<Access>,
    InSession(caller): InSession,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    access
        .change(move |tx| {
            let (name, ended) = end_credentials::one(tx, caller.user_id, Kind::Token, id)?;
            let entry = Entry::new(Action::TokenDeleted, id, &*name).gone(&json!({"name": name}));
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok(((), vec![ended]))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
