//! The handlers of teams.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Refused, Role, TeamMember,
    audit::{self, Action, By, Entry},
    http::NAME,
    schema::{Ids, Name},
    teams,
    validate::Check,
};
use axum::{extract::State as Extract, http::StatusCode};
use base::{Id, Scope, Time};
use serde::{Deserialize, Serialize};
use store::{Error, Tx};

use crate::{
    destinations::{
        Owner,
        fields::{self, Change, ChatChanges, Chats},
    },
    http::State,
    plan::TeamChat,
    team_chats,
};

/// The most members of a team.
const MEMBERS: usize = 1_000;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Team {
    /// Its id.
    pub id: Id,
    /// The id of its company.
    pub company_id: Id,
    /// The company's name.
    pub company_name: String,
    /// Its name, unique in the company.
    pub name: String,
    /// Its members.
    pub members: Vec<TeamMember>,
    /// Where its messages are sent.
    #[serde(flatten)]
    pub chats: Chats<false>,
    /// Which events its chat channels get.
    pub chat: TeamChat,
    /// When it was created.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A team to add.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct NewTeam {
    /// The id of its company.
    company_id: Id,
    /// The name, one line of at most 200 characters, unique in the company.
    #[schema(value_type = Name<{ NAME }>)]
    name: String,
    /// Its members: members of the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ MEMBERS }>)]
    member_ids: Vec<Id>,
    /// Which events its chat channels get; the built-in default if omitted.
    #[serde(default, deserialize_with = "access::optional_object")]
    chat: Option<TeamChat>,
    /// Where its messages are sent.
    #[serde(flatten)]
    chats: ChatChanges<false>,
}

/// A change to a team; omitted fields are unchanged.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
pub struct TeamChange {
    /// The name.
    #[schema(value_type = Option<Name<{ NAME }>>)]
    name: Option<String>,
    /// All of its members.
    #[schema(value_type = Option<Ids<{ MEMBERS }>>)]
    member_ids: Option<Vec<Id>>,
    /// Which events its chat channels get: replaces the settings.
    #[serde(default, deserialize_with = "access::optional_object")]
    chat: Option<TeamChat>,
    /// Where its messages are sent.
    #[serde(flatten)]
    chats: ChatChanges<false>,
}

/// Filters.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only teams of this company.
    company_id: Option<Id>,
}

/// A team's settings, validated.
#[derive(Clone)]
struct Checked {
    name: Option<String>,
    members: Option<Vec<Id>>,
    chats: Vec<Change>,
    chat: Option<TeamChat>,
}

impl Checked {
    /// A URL stays when the token that set it is revoked.
    fn may_be_set_by(&self, caller: &Caller) -> Result<(), Problem> {
        if fields::lead_elsewhere(&self.chats) {
            caller.in_session()?;
        }
        Ok(())
    }
}

/// The teams the caller may see
#[utoipa::path(
    get, path = "/teams", tag = "teams", params(Filter, PageQuery),
    responses(
        (status = 200, description = "A page of teams, oldest first", body = Page<Team>),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list_teams(
    Extract(state): Extract<State>,
    caller: Caller,
    Query(filter): Query<Filter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Team>>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Id>()?);
    let read = state.access.store().read(move |tx| {
        let teams = teams::list(tx, &caller.scope, filter.company_id, after, limit + 1)?;
        with_chats(tx, teams)
    });
    Ok(Json(Page::cut(read.await?, limit, |team| team.id)))
}

/// Add a team
///
/// Setting chat URLs requires a session.
#[utoipa::path(
    post, path = "/teams", tag = "teams", request_body = NewTeam,
    responses(
        (status = 201, description = "Added", body = Team),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create_team(
    Extract(state): Extract<State>,
    caller: Caller,
    Create(once, new): Create<NewTeam>,
) -> Result<Created<Team>, Problem> {
    caller.may(new.company_id, Role::Manager)?;
    let company = new.company_id;
    let change = TeamChange {
        name: Some(new.name),
        member_ids: Some(new.member_ids),
        chat: new.chat,
        chats: new.chats,
    };
    let checked = checked(&state, change, &Chats::default())?;
    checked.may_be_set_by(&caller)?;
    let access = state.access;
    let vault = access.vault().clone();
    let create = move |tx: &mut Tx<'_>| {
        let id = tx.id();
        teams::insert(tx, id, company, checked.name.as_deref().unwrap_or_default())?;
        if let Some(members) = &checked.members {
            teams::set_members(tx, id, company, members)?;
        }
        fields::apply(tx, &vault, (Owner::Team(id), Some(company)), &checked.chats)?;
        if let Some(chat) = &checked.chat {
            team_chats::set(tx, id, chat)?;
        }
        let team = find(tx, id, &caller.scope)?;
        let entry = Entry::new(Action::TeamCreated, id, &*team.name).made(&team);
        audit::note(tx, &By::caller(&caller), entry.of(company))?;
        Ok(team)
    };
    access.store().write(move |tx| once.run(tx, create)).await
}

/// A team
#[utoipa::path(
    get, path = "/teams/{id}", tag = "teams", params(("id" = Id, Path, description = "The team")),
    responses(
        (status = 200, description = "The team", body = Team),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get_team(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<Team>, Problem> {
    read(&state, &caller, id).await.map(Json)
}

async fn read(state: &State, caller: &Caller, id: Id) -> Result<Team, Problem> {
    let scope = caller.scope.clone();
    let found = state.access.store().read(move |tx| find(tx, id, &scope));
    Ok(found.await?)
}

/// The team with this id and where its messages are sent.
fn find(tx: &mut Tx<'_>, id: Id, scope: &Scope) -> Result<Team, Refused> {
    let team = teams::find(tx, id, scope)?;
    with_chats(tx, vec![team])?.pop().ok_or(Refused::NotFound)
}

fn with_chats(tx: &mut Tx<'_>, teams: Vec<access::Team>) -> Result<Vec<Team>, Error> {
    let ids: Vec<Id> = teams.iter().map(|team| team.id).collect();
    let mut chats = fields::chats_of(tx, &ids)?;
    let mut wants = team_chats::of(tx, &ids)?;
    let whole = |team: access::Team| Team {
        chats: chats.remove(&team.id).unwrap_or_default(),
        chat: wants.remove(&team.id).unwrap_or_default(),
        id: team.id,
        company_id: team.company_id,
        company_name: team.company_name,
        name: team.name,
        members: team.members,
        created_at: team.created_at,
        updated_at: team.updated_at,
    };
    Ok(teams.into_iter().map(whole).collect())
}

/// Change a team
///
/// Setting chat URLs requires a session.
#[utoipa::path(
    patch, path = "/teams/{id}", tag = "teams", params(("id" = Id, Path, description = "The team")),
    request_body = TeamChange,
    responses(
        (status = 200, description = "Changed", body = Team),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn change_team(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<TeamChange>,
) -> Result<Json<Team>, Problem> {
    let team = read(&state, &caller, id).await?;
    caller.may(team.company_id, Role::Manager)?;
    let checked = checked(&state, body, &team.chats)?;
    checked.may_be_set_by(&caller)?;
    let access = state.access;
    let vault = access.vault().clone();
    let company = team.company_id;
    access
        .store()
        .write(move |tx| {
            teams::touch(tx, id)?;
            let was = find(tx, id, &caller.scope)?;
            if let Some(name) = &checked.name {
                teams::rename(tx, id, name)?;
            }
            if let Some(members) = &checked.members {
                teams::set_members(tx, id, company, members)?;
            }
            let given = fields::apply(tx, &vault, (Owner::Team(id), Some(company)), &checked.chats)?;
            if let Some(chat) = &checked.chat {
                team_chats::set(tx, id, chat)?;
            }
            let is = find(tx, id, &caller.scope)?;
            let mut entry = Entry::new(Action::TeamUpdated, id, &*was.name)
                .of(company)
                .changed(&was, &is);
            for (field, mask) in given {
                entry = entry.says(&field, mask);
            }
            audit::note(tx, &By::caller(&caller), entry)?;
            Ok(Json(is))
        })
        .await
}

/// Remove a team
#[utoipa::path(
    delete, path = "/teams/{id}", tag = "teams", params(("id" = Id, Path, description = "The team")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_team(
    Extract(state): Extract<State>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<StatusCode, Problem> {
    let team = read(&state, &caller, id).await?;
    caller.may(team.company_id, Role::Manager)?;
    let write = state.access.store().write(move |tx| {
        let was = find(tx, id, &caller.scope)?;
        teams::delete(tx, id)?;
        let entry = Entry::new(Action::TeamDeleted, id, &*was.name).gone(&was);
        audit::note(tx, &By::caller(&caller), entry.of(was.company_id))?;
        Ok::<_, Problem>(())
    });
    write.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn checked(state: &State, body: TeamChange, now: &Chats<false>) -> Result<Checked, Problem> {
    let mut check = Check::new();
    let name = body.name.map(|name| check.name("name", &name, NAME));
    if let Some(members) = &body.member_ids {
        let detail = format!("must list at most {MEMBERS}");
        check.that(members.len() <= MEMBERS, "member_ids", &detail);
    }
    let chats = body
        .chats
        .check(now, (&state.channels, state.access.vault()), &mut check);
    let kinds = body.chat.as_ref().and_then(|chat| chat.kinds.as_ref());
    for (at, kind) in kinds.into_iter().flatten().enumerate() {
        let field = format!("chat.event_types[{at}]");
        check.that(
            kind.about().notifies,
            &field,
            "this event type has no notifications",
        );
    }
    check.done()?;
    Ok(Checked {
        chat: body.chat,
        name,
        members: body.member_ids,
        chats,
    })
}
