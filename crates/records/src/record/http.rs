//! The five handlers of a plain record.
//!
//! Owns: what they have in common: who may do it, in which transaction, and their entry in the API's document. Must not:
//! contain SQL.

/// Makes `list`, `get`, `create`, `update` and `delete` of a record of [`record!`](super::record), and its filters.
macro_rules! handlers {
    (
        $Record:ident ($NewBody:ident, $ChangeBody:ident) at $all:tt and $one_of:tt,
        called $one:tt, $an:tt and $many:tt,
        written by $writer:ident, deleted by $deleter:ident;
        filters { $($(#[doc = $doc:tt])+ $filter:ident: $word:ty,)* }
        text: $text:tt,
        $(with $tag:ident: $tagged:tt,)?
        sort: $sorted:tt;
        delete $deletes:tt $(unless $used:tt)?;
    ) => {
        use access::{
            Caller, Create, Created, Json, Page, PageQuery, Path, Problem, Query, Role, schema::OptionalLine,
            validate::Check,
        };
        use axum::{extract::State, http::StatusCode};
        use base::Id;
        use store::Tx;

        use super::{$ChangeBody, $NewBody, $Record, View};
        use $crate::{By, MAX_SEARCH, Place, Records, order, record::Find, text};

        type Sort = order::Sort<$Record>;

        /// Filters.
        #[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        pub struct ListQuery {
            /// Only those of this company.
            company_id: Option<Id>,
            $(
                $(#[doc = $doc])+
                #[param(value_type = Option<Vec<$word>>, style = Form, explode = false)]
                $filter: Option<String>,
            )*
            #[doc = $text]
            #[param(inline, value_type = Option<OptionalLine<{ MAX_SEARCH }>>)]
            text: Option<String>,
            $(
                #[doc = $tagged]
                #[param(inline, value_type = Option<OptionalLine<{ $crate::MAX_LINE }>>)]
                $tag: Option<String>,
            )?
            #[doc = $sorted]
            #[param(inline, value_type = Option<Sort>)]
            sort: Option<String>,
        }

        #[doc = concat!("The ", $many, " the caller may see")]
        #[utoipa::path(
            get, path = $all, tag = $many, operation_id = concat!("list_", $many), params(ListQuery, PageQuery),
            summary = concat!("The ", $many, " the caller may see"),
            responses(
                (status = 200, description = concat!("A page of ", $many, ", newest first unless sorted otherwise"),
                    body = Page<View>),
                (status = "default", description = "A problem", body = Problem,
                    content_type = "application/problem+json"),
            ),
        )]
        pub async fn list(
            State(records): State<Records>,
            caller: Caller,
            Query(query): Query<ListQuery>,
            Query(page): Query<PageQuery>,
        ) -> Result<Json<Page<View>>, Problem> {
            let mut check = Check::new();
            let mut find = Find::<$Record>::of(&caller.scope, query.company_id);
            $(
                let name = stringify!($filter);
                let among: Vec<$word> = text::several(&mut check, name, query.$filter.as_deref());
                find.select = find.select.among(&format!("r.{name}"), &among);
            )*
            find = find.text(text::wanted(&mut check, query.text).as_deref());
            $(find = find.tag(text::named(&mut check, stringify!($tag), query.$tag));)?
            find.sort = Sort::read(&mut check, query.sort.as_deref());
            check.done()?;
            let page = records.list(find.searches, move |tx| find.page(tx, &page)).await?;
            Ok(Json(page.map(View::from)))
        }

        #[doc = concat!("One ", $one)]
        #[utoipa::path(
            get, path = $one_of, tag = $many, operation_id = concat!("get_", $one), params(("id" = Id, Path)),
            summary = concat!("One ", $one),
            responses(
                (status = 200, description = concat!("The ", $one), body = View),
                (status = "default", description = "A problem", body = Problem,
                    content_type = "application/problem+json"),
            ),
        )]
        pub async fn get(
            State(records): State<Records>,
            caller: Caller,
            Path(id): Path<Id>,
        ) -> Result<Json<View>, Problem> {
            let record = records.read(move |tx| super::get(tx, id, &caller.scope)).await?;
            Ok(Json(record.into()))
        }

        #[doc = concat!("Creates ", $an)]
        #[utoipa::path(
            post, path = $all, tag = $many, operation_id = concat!("create_", $one), request_body = $NewBody,
            summary = concat!("Creates ", $an),
            responses(
                (status = 201, description = concat!("The ", $one), body = View),
                (status = "default", description = "A problem", body = Problem,
                    content_type = "application/problem+json"),
            ),
        )]
        pub async fn create(
            State(records): State<Records>,
            caller: Caller,
            Create(once, body): Create<$NewBody>,
        ) -> Result<Created<View>, Problem> {
            let company = body.company_id;
            caller.may(company, Role::$writer)?;
            let create = move |tx: &mut Tx<'_>| {
                let place = Place::find(tx, &caller.scope, company, None)?;
                let new = body.checked(tx)?;
                let record = super::create(tx, new, place.company, &By::caller(&caller))?;
                Ok(View::from(record))
            };
            records.write(move |tx| once.run(tx, create)).await
        }

        #[doc = concat!("Changes ", $an, "; omitted fields stay unchanged")]
        #[utoipa::path(
            patch, path = $one_of, tag = $many, operation_id = concat!("update_", $one), params(("id" = Id, Path)),
            summary = concat!("Changes ", $an, "; omitted fields stay unchanged"),
            request_body = $ChangeBody,
            responses(
                (status = 200, description = concat!("The ", $one), body = View),
                (status = "default", description = "A problem", body = Problem,
                    content_type = "application/problem+json"),
            ),
        )]
        pub async fn update(
            State(records): State<Records>,
            caller: Caller,
            Path(id): Path<Id>,
            Json(body): Json<$ChangeBody>,
        ) -> Result<Json<View>, Problem> {
            let record = records
                .write(move |tx| {
                    let mut record = super::get_for_update(tx, id, &caller.scope)?;
                    caller.may(record.company.id, Role::$writer)?;
                    let change = body.checked(tx, &record)?;
                    super::change(tx, &mut record, change, &By::caller(&caller))?;
                    Ok::<_, Problem>(record)
                })
                .await?;
            Ok(Json(record.into()))
        }

        #[doc = $deletes]
        #[utoipa::path(
            delete, path = $one_of, tag = $many, operation_id = concat!("delete_", $one), params(("id" = Id, Path)),
            summary = $deletes,
            responses(
                (status = 204, description = "Deleted"),
                $((status = 409, description = $used, body = Problem, content_type = "application/problem+json"),)?
                (status = "default", description = "A problem", body = Problem,
                    content_type = "application/problem+json"),
            ),
        )]
        pub async fn delete(
            State(records): State<Records>,
            caller: Caller,
            Path(id): Path<Id>,
        ) -> Result<StatusCode, Problem> {
            records
                .write(move |tx| {
                    let record = super::get_for_update(tx, id, &caller.scope)?;
                    caller.may(record.company.id, Role::$deleter)?;
                    Ok::<_, Problem>(super::delete(tx, &record, &By::caller(&caller))?)
                })
                .await?;
            Ok(StatusCode::NO_CONTENT)
        }
    };
}

pub(crate) use handlers;
