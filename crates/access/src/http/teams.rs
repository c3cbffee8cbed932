//! Teams of a company.

use axum::{extract::State, http::StatusCode};
use base::{Id, destination};
use serde::Deserialize;
use store::Tx;

use crate::{
    Access, Caller, FieldError, Json, Page, PageQuery, Patch, Path, Problem, Query, Role, Secret, Team,
    Vault,
    audit::{self, Action, By, Entry},
    directory,
    http::NAME,
    secret::mask,
    teams::{self, Sealed},
    validate::Check,
};

/// The most members of a team.
const MEMBERS: usize = 1_000;

/// A team to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// The company it is of.
    company_id: Id,
    /// The name, one line of at most 200 characters, once per company.
    name: String,
    /// Who is in it: members of the company.
    #[serde(default)]
    member_ids: Vec<Id>,
    /// Where its Slack posts go.
    slack_webhook_url: Option<Secret>,
    /// Where its Teams posts go.
    teams_webhook_url: Option<Secret>,
}

/// What changes of a team; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamChange {
    /// The name.
    name: Option<String>,
    /// Everyone who is in it.
    member_ids: Option<Vec<Id>>,
    /// Where its Slack posts go; null for nowhere. The masked form leaves it as it is.
    #[serde(default)]
    #[schema(value_type = Option<Secret>)]
    slack_webhook_url: Patch<Secret>,
    /// Where its Teams posts go; null for nowhere. The masked form leaves it as it is.
    #[serde(default)]
    #[schema(value_type = Option<Secret>)]
    teams_webhook_url: Patch<Secret>,
}

/// Which teams.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only teams of this company.
    company_id: Option<Id>,
}

/// What a team gets, validated: the addresses are in canonical form.
struct Checked {
    name: Option<String>,
    members: Option<Vec<Id>>,
    slack: Patch<Secret>,
    teams: Patch<Secret>,
}

/// The teams the caller may see
#[utoipa::path(
    get, path = "/teams", tag = "teams", params(Filter, PageQuery),
    responses(
        (status = 200, description = "A page of teams, oldest first", body = Page<Team>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(access): State<Access>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Team>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let rows = access
        .store()
        .read(move |tx| teams::list(tx, &caller.scope, filter.company_id, after, limit + 1))
        .await?;
    Ok(Json(Page::cut(rows, limit, |team| team.id.to_string())))
}

/// Add a team
#[utoipa::path(
    post, path = "/teams", tag = "teams", request_body = NewTeam,
    responses(
        (status = 201, description = "Added", body = Team),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(access): State<Access>,
    caller: Caller,
    Json(new): Json<NewTeam>,
) -> Result<(StatusCode, Json<Team>), Problem> {
    caller.may(new.company_id, Role::Manager)?;
    let company = new.company_id;
    let checked = checked(
        &access,
        TeamChange {
            name: Some(new.name),
            member_ids: Some(new.member_ids),
            slack_webhook_url: new.slack_webhook_url.into(),
            teams_webhook_url: new.teams_webhook_url.into(),
        },
    )?;
    let vault = access.vault().clone();
    let team = access
        .store()
        .write(move |tx| {
            let id = tx.id();
            teams::insert(tx, id, company, checked.name.as_deref().unwrap_or_default())?;
            apply(tx, &vault, (id, company), &checked)?;
            let team = teams::find(tx, id, &caller.scope)?;
            let entry = Entry::new(Action::TeamCreated, id, &*team.name).made(&team);
            audit::note(tx, &By::caller(&caller), entry.of(company))?;
            Ok::<_, Problem>(team)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(team)))
}

/// A team
#[utoipa::path(
    get, path = "/teams/{id}", tag = "teams", params(("id" = Id, Path, description = "The team")),
    responses(
        (status = 200, description = "The team", body = Team),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Team>, Problem> {
    find(&access, &caller, id).await.map(Json)
}

async fn find(access: &Access, caller: &Caller, id: Id) -> Result<Team, Problem> {
    let scope = caller.scope.clone();
    access.store().read(move |tx| teams::find(tx, id, &scope)).await
}

/// Change a team
#[utoipa::path(
    patch, path = "/teams/{id}", tag = "teams", params(("id" = Id, Path, description = "The team")),
    request_body = TeamChange,
    responses(
        (status = 200, description = "Changed", body = Team),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(access): State<Access>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(mut body): Json<TeamChange>,
) -> Result<Json<Team>, Problem> {
    let team = find(&access, &caller, id).await?;
    caller.may(team.company_id, Role::Manager)?;
    keep_masked(&mut body.slack_webhook_url, team.slack_webhook_url.as_deref());
    keep_masked(&mut body.teams_webhook_url, team.teams_webhook_url.as_deref());
    let checked = checked(&access, body)?;
    let vault = access.vault().clone();
    access
        .store()
        .write(move |tx| {
            teams::touch(tx, id)?;
            let was = teams::find(tx, id, &caller.scope)?;
            if let Some(name) = &checked.name {
                teams::rename(tx, id, name)?;
            }
            apply(tx, &vault, (id, team.company_id), &checked)?;
            let is = teams::find(tx, id, &caller.scope)?;
            audit::note(tx, &By::caller(&caller), updated(&was, &is, &checked))?;
            Ok(Json(is))
        })
        .await
}

/// What changed. An address that was given counts though its mask is the same: it may be another one behind the same
/// mask, and saving the same one again switches it on.
fn updated(was: &Team, is: &Team, checked: &Checked) -> Entry {
    let mut entry = Entry::new(Action::TeamUpdated, is.id, &*was.name)
        .of(is.company_id)
        .changed(was, is);
    for (field, given, mask) in [
        ("slack_webhook_url", &checked.slack, &is.slack_webhook_url),
        ("teams_webhook_url", &checked.teams, &is.teams_webhook_url),
    ] {
        if matches!(given, Patch::Set(_)) {
            entry = entry.says(field, mask.clone());
        }
    }
    entry
}

/// A form sends back what it was shown: the mask is no new address.
fn keep_masked(url: &mut Patch<Secret>, shown: Option<&str>) {
    if let Patch::Set(text) = url
        && Some(text.expose()) == shown
    {
        *url = Patch::Keep;
    }
}

/// Remove a team
#[utoipa::path(
    delete, path = "/teams/{id}", tag = "teams", params(("id" = Id, Path, description = "The team")),
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
    let team = find(&access, &caller, id).await?;
    caller.may(team.company_id, Role::Manager)?;
    let write = access.store().write(move |tx| {
        let was = teams::find(tx, id, &caller.scope)?;
        teams::delete(tx, id)?;
        let entry = Entry::new(Action::TeamDeleted, id, &*was.name).gone(&was);
        audit::note(tx, &By::caller(&caller), entry.of(was.company_id))?;
        Ok::<_, Problem>(())
    });
    write.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn checked(access: &Access, body: TeamChange) -> Result<Checked, Problem> {
    let mut check = Check::new();
    let name = body.name.map(|name| check.line("name", &name, NAME));
    if let Some(members) = &body.member_ids {
        let detail = format!("there are more than {MEMBERS}");
        check.that(members.len() <= MEMBERS, "member_ids", &detail);
    }
    let mut url = |field: &str, url: Patch<Secret>, guard: Guard| {
        let guard = |text: &str| guard(text, &access.options().hosts);
        let canonical = url.try_map(|url| canonical(field, &url, guard));
        check.take(canonical)
    };
    let slack = url("slack_webhook_url", body.slack_webhook_url, destination::slack);
    let teams = url("teams_webhook_url", body.teams_webhook_url, destination::teams);
    check.done()?;
    Ok(Checked {
        name,
        members: body.member_ids,
        slack,
        teams,
    })
}

/// What decides whether a text is an address of a channel.
type Guard = fn(&str, &destination::Hosts) -> Result<destination::Destination, destination::Refusal>;

/// The address in canonical form, if it is one of that channel (promise S1).
fn canonical(
    field: &str,
    url: &Secret,
    guard: impl Fn(&str) -> Result<destination::Destination, destination::Refusal>,
) -> Result<Secret, FieldError> {
    guard(url.expose())
        .map(|destination| Secret::new(destination.expose()))
        .map_err(|refusal| FieldError::new(field, refusal.to_string()))
}

fn apply(tx: &mut Tx<'_>, vault: &Vault, (id, company): (Id, Id), checked: &Checked) -> Result<(), Problem> {
    if let Some(members) = &checked.members {
        teams::set_members(tx, id, company, members)?;
    }
    let sealed = |url: &Patch<Secret>| match url {
        Patch::Keep => None,
        Patch::Clear => Some(Sealed::default()),
        Patch::Set(url) => Some(Sealed {
            text: vault.seal(&directory::team_aad(id, company), url.expose()),
            mask: mask(url.expose()),
        }),
    };
    if let Some(sealed) = sealed(&checked.slack) {
        teams::set_slack(tx, id, &sealed)?;
    }
    if let Some(sealed) = sealed(&checked.teams) {
        teams::set_teams(tx, id, &sealed)?;
    }
    Ok(())
}
