//! The handlers of assets.
//!
//! Owns: bodies, their validation, and which role may do what: viewers read, analysts write, managers delete. Must not:
//! hold SQL.

use access::{Caller, Json, Page, PageQuery, Patch, Path, Problem, Query, Role, validate::Check};
use axum::{extract::State, http::StatusCode};
use base::{Id, Time};
use serde::{Deserialize, Serialize};

use super::{Asset, Change, Criticality, Filter, Kind, New, Sort, Status};
use crate::{By, MAX_DESCRIPTION, MAX_LINE, Place, Records, text};

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
            created_at: asset.created_at,
            updated_at: asset.updated_at,
        }
    }
}

/// An asset to add.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAsset {
    /// The company it is of.
    company_id: Id,
    /// One line of at most 300 characters.
    name: String,
    /// `other` by default.
    kind: Option<Kind>,
    /// Its address, URL or path: at most 1,000 characters.
    identifier: Option<String>,
    /// At most 20,000 characters.
    description: Option<String>,
    /// `medium` by default.
    criticality: Option<Criticality>,
}

impl NewAsset {
    fn checked(self) -> Result<New, Problem> {
        let mut check = Check::new();
        let identifier = self.identifier.unwrap_or_default();
        let description = self.description.unwrap_or_default();
        let new = New {
            name: text::title(&mut check, "name", &self.name),
            kind: self.kind.unwrap_or(Kind::Other),
            identifier: text::line(&mut check, "identifier", &identifier, MAX_LINE),
            description: check.block("description", &description, MAX_DESCRIPTION),
            criticality: self.criticality.unwrap_or(Criticality::Medium),
        };
        check.done().map(|()| new)
    }
}

/// What changes of an asset; what is left out stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetChange {
    /// One line of at most 300 characters.
    name: Option<String>,
    /// What kind of thing it is.
    kind: Option<Kind>,
    /// Its address, URL or path; null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    identifier: Patch<String>,
    /// At most 20,000 characters.
    description: Option<String>,
    /// How much depends on it.
    criticality: Option<Criticality>,
    /// Where it stands.
    status: Option<Status>,
}

impl AssetChange {
    fn checked(self) -> Result<Change, Problem> {
        let mut check = Check::new();
        let change = Change {
            name: self.name.map(|name| text::title(&mut check, "name", &name)),
            kind: self.kind,
            identifier: text::line_change(&mut check, "identifier", self.identifier, MAX_LINE),
            description: self
                .description
                .map(|text| check.block("description", &text, MAX_DESCRIPTION)),
            criticality: self.criticality,
            status: self.status,
        };
        check.done().map(|()| change)
    }
}

/// Which assets.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those of this company.
    company_id: Option<Id>,
    /// Only those of one of these kinds, separated by commas.
    kind: Option<String>,
    /// Only those in one of these statuses, separated by commas.
    status: Option<String>,
    /// Only those of one of these criticalities, separated by commas.
    criticality: Option<String>,
    /// Only those with this in name, identifier or description, in any case of letters.
    text: Option<String>,
    /// `created_at` or `updated_at`, with `-` before it for the largest first; `-created_at` by default.
    sort: Option<String>,
}

/// The assets the caller may see
#[utoipa::path(
    get, path = "/assets", tag = "assets", operation_id = "list_assets", params(ListQuery, PageQuery),
    responses(
        (status = 200, description = "A page of assets, the newest first unless sorted otherwise", body = Page<View>),
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
    };
    let sort = Sort::read(&mut check, query.sort.as_deref());
    check.done()?;
    let page = records
        .read(move |tx| super::list(tx, &caller.scope, &filter, sort, &page))
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

/// Adds an asset
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
    Json(body): Json<NewAsset>,
) -> Result<(StatusCode, Json<View>), Problem> {
    let company = body.company_id;
    caller.may(company, Role::Analyst)?;
    let new = body.checked()?;
    let asset = records
        .write(move |tx| {
            let place = Place::find(tx, &caller.scope, company, None)?;
            super::create(tx, new, place.company, &By::caller(&caller))
        })
        .await?;
    Ok((StatusCode::CREATED, Json(asset.into())))
}

/// Changes an asset; what is left out stays
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
            let mut asset = super::held(tx, id, &caller.scope)?;
            caller.may(asset.company.id, Role::Analyst)?;
            super::change(tx, &mut asset, body.checked()?, &By::caller(&caller))?;
            Ok(asset)
        })
        .await?;
    Ok(Json(asset.into()))
}

/// Deletes an asset that no finding is about
#[utoipa::path(
    delete, path = "/assets/{id}", tag = "assets", operation_id = "delete_asset", params(("id" = Id, Path)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "Findings are about it", body = Problem,
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
            let asset = super::held(tx, id, &caller.scope)?;
            caller.may(asset.company.id, Role::Manager)?;
            super::delete(tx, &asset, &By::caller(&caller))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
