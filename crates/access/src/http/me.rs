//! The caller.

use axum::extract::State;
use base::{Id, Scope};
use serde::Serialize;
use store::{Error, Select, Tx};

use crate::{Access, Caller, Json, Problem, Role, User, users};

/// The caller and where they may work.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Me {
    /// Who it is.
    user: User,
    /// Whether they administer the platform.
    is_admin: bool,
    /// The companies they may see: an administrator all, but at most 1,000 are listed.
    companies: Vec<MyCompany>,
}

/// A company the caller may see.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MyCompany {
    /// Its id.
    id: Id,
    /// Its name.
    name: String,
    /// The caller's role there; none for an administrator who is not a member.
    role: Option<Role>,
}

/// Who is calling
#[utoipa::path(
    get, path = "/me", tag = "auth",
    responses(
        (status = 200, description = "The caller", body = Me),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(State(access): State<Access>, caller: Caller) -> Result<Json<Me>, Problem> {
    let is_admin = caller.is_admin;
    let (user, companies) = access
        .store()
        .read(move |tx| {
            let user = users::find(tx, caller.user_id, &caller.scope, caller.user_id)?;
            let companies = companies(tx, &caller.scope)?
                .into_iter()
                .map(|(id, name)| MyCompany {
                    id,
                    name,
                    role: caller.roles.get(&id).copied(),
                })
                .collect();
            Ok::<_, Problem>((user, companies))
        })
        .await?;
    Ok(Json(Me {
        user,
        is_admin,
        companies,
    }))
}

const COMPANIES: &str = "select id, name from companies where 1 = 1";

fn companies(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<(Id, String)>, Error> {
    Select::new(COMPANIES)
        .scope("id", scope)
        .push(" order by name, id limit 1000", Vec::new())
        .all(tx)
}
