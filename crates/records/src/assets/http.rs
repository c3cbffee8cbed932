//! The handlers of assets.
//!
//! Owns: bodies, their validation, and the required roles: viewers read, analysts write, managers delete. Must not:
//! contain SQL.

use access::{
    Caller, Create, Created, Json, Page, PageQuery, Patch, Path, Problem, Query, Role,
    schema::{Block, Name, OptionalLine},
    validate::Check,
};
use axum::{extract::State, http::StatusCode};
use base::{Id, Time};
use serde::{Deserialize, Serialize};
use store::Tx;

use super::{Asset, Change, Criticality, Filter, Kind, New, Sort, Status};
use crate::{
    By, MAX_DESCRIPTION, MAX_LINE, MAX_SEARCH, MAX_TITLE, Place, Records,
    owned::{self, Owned},
    tags::{self, Tags},
    text,
};

/// An asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Asset)]
#[expect(missing_docs, reason = "the fields are those of an asset")]
pub struct View {
    pub id: Id,
    pub company_id: Id,
    pub company_name: String,
    pub name: String,
    pub kind: Kind,
    /// Its address, URL or path.
    pub identifier: Option<String>,
    pub description: String,
    pub criticality: Criticality,
    pub status: Status,
    /// Who owns it: the owners are responsible for findings without assignees.
    pub owners: owned::View,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
}

impl From<Asset> for View {
    fn from(asset: Asset) -> Self {
        Self {
            id: asset.id,
            company_id: asset.company.id,
            company_name: asset.company.name,
            name: asset.name,
            kind: asset.kind,
            identifier: text::given(asset.identifier),
            description: asset.description,
            criticality: asset.criticality,
            status: asset.status,
            owners: asset.owned.into(),
            tags: asset.tags,
            created_at: asset.created_at,
            updated_at: asset.updated_at,
        }
    }
}

/// An asset to create.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAsset {
    /// The company it belongs to.
    company_id: Id,
    /// One line of at most 300 characters.
    #[schema(value_type = Name<{ MAX_TITLE }>)]
    name: String,
    /// `other` by default.
    kind: Option<Kind>,
    /// Its address, URL or path: at most 1,000 characters.
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    identifier: Option<String>,
    /// At most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// `medium` by default.
    criticality: Option<Criticality>,
    /// Who owns it.
    #[serde(default, deserialize_with = "access::optional_object")]
    owners: Option<owned::Body>,
    /// At most 20 tags of at most 50 characters, without commas. They are stored in lower case.
    #[serde(default)]
    #[schema(value_type = Tags)]
    tags: Vec<String>,
}

impl NewAsset {
    fn checked(self, tx: &mut Tx<'_>) -> Result<New, Problem> {
        let mut check = Check::new();
        let owned = owned::checked(tx, self.company_id, self.owners, &Owned::default(), &mut check)?;
        let identifier = self.identifier.unwrap_or_default();
        let description = self.description.unwrap_or_default();
        let new = New {
            name: text::title(&mut check, "name", &self.name),
            kind: self.kind.unwrap_or(Kind::Other),
            identifier: text::line(&mut check, "identifier", &identifier, MAX_LINE),
            description: check.block("description", &description, MAX_DESCRIPTION),
            criticality: self.criticality.unwrap_or(Criticality::Medium),
            owned: owned.unwrap_or_default(),
            tags: tags::checked(&mut check, &self.tags),
        };
        check.done().map(|()| new)
    }
}

/// Changes of an asset; omitted fields stay unchanged.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetChange {
    /// One line of at most 300 characters.
    #[schema(value_type = Option<Name<{ MAX_TITLE }>>)]
    name: Option<String>,
    /// What kind of thing it is.
    kind: Option<Kind>,
    /// Its address, URL or path; null for none.
    #[serde(default)]
    #[schema(value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    identifier: Patch<String>,
    /// At most 20,000 characters.
    #[schema(value_type = Option<Block<{ MAX_DESCRIPTION }>>)]
    description: Option<String>,
    /// How important it is.
    criticality: Option<Criticality>,
    /// Its status.
    status: Option<Status>,
    /// Who owns it; omitted parts stay unchanged.
    #[serde(default, deserialize_with = "access::optional_object")]
    owners: Option<owned::Body>,
    /// All its tags.
    #[schema(value_type = Option<Tags>)]
    tags: Option<Vec<String>>,
}

impl AssetChange {
    fn checked(self, tx: &mut Tx<'_>, asset: &Asset) -> Result<Change, Problem> {
        let mut check = Check::new();
        let owned = owned::checked(tx, asset.company.id, self.owners, &asset.owned, &mut check)?;
        let change = Change {
            name: self.name.map(|name| text::title(&mut check, "name", &name)),
            kind: self.kind,
            identifier: text::line_change(&mut check, "identifier", self.identifier, MAX_LINE),
            description: self
                .description
                .map(|text| check.block("description", &text, MAX_DESCRIPTION)),
            criticality: self.criticality,
            status: self.status,
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
    /// Only those of one of these kinds, separated by commas.
    #[param(value_type = Option<Vec<Kind>>, style = Form, explode = false)]
    kind: Option<String>,
    /// Only those in one of these statuses, separated by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false)]
    status: Option<String>,
    /// Only those of one of these criticalities, separated by commas.
    #[param(value_type = Option<Vec<Criticality>>, style = Form, explode = false)]
    criticality: Option<String>,
    /// Only those with this text in name, identifier or description, in any case.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
    text: Option<String>,
    /// Only those with this tag.
    #[param(inline, value_type = Option<OptionalLine<{ MAX_LINE }>>)]
    tag: Option<String>,
    /// `created_at` or `updated_at`, with `-` before it for descending order; `-created_at` by default.
    #[param(inline, value_type = Option<Sort>)]
    sort: Option<String>,
}

/// The assets the caller may see
#[utoipa::path(
    get, path = "/assets", tag = "assets", operation_id = "list_assets", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of assets, newest first unless sorted otherwise", body = Page<View>),
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
        kinds: text::several(&mut check, "kind", query.kind.as_deref()),
        statuses: text::several(&mut check, "status", query.status.as_deref()),
        criticalities: text::several(&mut check, "criticality", query.criticality.as_deref()),
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

/// One asset
#[utoipa::path(
    get, path = "/assets/{id}", tag = "assets", operation_id = "get_asset", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "The asset", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
) -> Result<Json<View>, Problem> {
    let asset = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
    Ok(Json(asset.into()))
}

/// Creates an asset
#[utoipa::path(
    post, path = "/assets", tag = "assets", operation_id = "create_asset", request_body = NewAsset,
    responses(
        (status = 201, description = "The asset", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(records): State<Records>,
    caller: Caller,
    Create(once, body): Create<NewAsset>,
) -> Result<Created<View>, Problem> {
    let company = body.company_id;
    caller.may(company, Role::Analyst)?;
    let create = move |tx: &mut Tx<'_>| {
        let place = Place::find(tx, &caller.scope, company, None)?;
        let new = body.checked(tx)?;
        super::create(tx, new, place.company, &By::caller(&caller)).map(View::from)
    };
    records.write(move |tx| once.run(tx, create)).await
}

/// Changes an asset; omitted fields stay unchanged
#[utoipa::path(
    patch, path = "/assets/{id}", tag = "assets", operation_id = "update_asset", params(("id" = Id, Path)),
    request_body = AssetChange,
    responses(
        (status = 200, description = "The asset", body = View),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn update(
    State(records): State<Records>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(body): Json<AssetChange>,
) -> Result<Json<View>, Problem> {
    let asset = records
        .write(move |tx| {
            let mut asset = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(asset.company.id, Role::Analyst)?;
            let change = body.checked(tx, &asset)?;
            super::change(tx, &mut asset, change, &By::caller(&caller))?;
            Ok(asset)
        })
        .await?;
    Ok(Json(asset.into()))
}

/// Deletes an asset without findings
#[utoipa::path(
    delete, path = "/assets/{id}", tag = "assets", operation_id = "delete_asset", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It has findings", body = Problem,
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
            let asset = super::get_for_update(tx, id, &caller.scope)?;
            caller.may(asset.company.id, Role::Manager)?;
            super::delete(tx, &asset, &By::caller(&caller))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
