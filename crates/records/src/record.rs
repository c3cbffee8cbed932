//! A plain record, described once: [`record!`](table) makes its types, its bodies and its SQL from one table of fields, and
//! the functions here change and read every such record.
//!
//! Owns: what plain records have in common. Must not: know a particular one.
//!
//! Each line of the table is a field with its [kind](kinds). From it follow the field of the record, of
//! `New` and `Change`, its column, what the API shows and accepts with its schema, the checks, the name in an event's
//! `changed`, and whether the text search covers it. `=> default` and `=> skip` are serde's attributes of the field in the
//! body that creates a record: it may be omitted, or cannot be sent.

pub mod field;
pub(crate) mod http;
pub mod kinds;
pub mod schema;
mod table;

pub(crate) use table::record;

use access::{Page, PageQuery};
use base::{Id, Kind, Scope, Subject, SubjectType};
use serde_json::{Map, json};
use store::{Error, FromRow, Select, Tx, Value, params};

use crate::{
    By, Named, Place, Refused,
    by::{self, put},
    order::{Sort, Sorted},
    text,
};

/// A record that [`record!`] describes.
pub(crate) trait Record: Sorted + FromRow + Clone + Rules {
    /// What it is created from.
    type New;
    /// What may change about it.
    type Change;
    /// Its table.
    const TABLE: &'static str;
    /// Its type in events.
    const SUBJECT: SubjectType;
    /// The kinds of its events: created, updated, deleted.
    const EVENTS: [Kind; 3];

    /// Its statements.
    fn sql() -> &'static Sql;
    /// The columns of its fields.
    fn columns() -> Vec<String>;
    /// The content of these columns.
    fn stored(&self) -> Vec<Value>;
    /// The texts that lists search.
    fn searched(&self) -> Vec<&str>;
    /// A new one.
    fn begin(new: Self::New, company: Named, id_and_now: (Id, base::Time)) -> Self;
    /// Sets the fields that change.
    fn set(&mut self, change: Self::Change);
    /// The names of the fields that differ.
    fn differences(&self, before: &Self) -> Vec<&'static str>;
    /// Writes what other tables have of it.
    fn write_beside(&self, tx: &mut Tx<'_>, before: Option<&Self>) -> Result<(), Error>;
    /// Deletes what other tables have of it.
    fn clear_beside(&self, tx: &mut Tx<'_>) -> Result<(), Error>;
    /// Reads what other tables have of these.
    fn read_beside(tx: &mut Tx<'_>, records: &mut [Self]) -> Result<(), Error>;
    /// What its fields add to the data of an event.
    fn describe_fields(&self, data: &mut Map<String, serde_json::Value>);
    /// Its company.
    fn company(&self) -> &Named;
    /// When it was created.
    fn created_at(&self) -> base::Time;
    /// When it was last updated.
    fn updated_at(&mut self) -> &mut base::Time;
}

/// What one record does differently from the others.
pub(crate) trait Rules {
    /// Whether its fields fit together.
    fn fits(&self) -> Result<(), Refused> {
        Ok(())
    }
    /// Whether it is not in use, so that it can be deleted.
    fn is_free(&self, _: &mut Tx<'_>) -> Result<(), Refused> {
        Ok(())
    }
    /// What its events contain.
    fn describe(&self, data: &mut Map<String, serde_json::Value>);
}

/// The statements of a record. The columns of `insert` and `update` are the id, the company, the fields, the searched
/// text, and when it was updated; `insert` ends with when it was created.
pub(crate) struct Sql {
    insert: String,
    update: String,
    select: String,
}

impl Sql {
    pub(crate) fn of<R: Record>() -> Self {
        let (table, fields) = (R::TABLE, R::columns());
        let mut columns = fields.clone();
        columns.extend(["search".to_owned(), "updated_at".to_owned()]);
        let set: Vec<_> = (3..)
            .zip(&columns)
            .map(|(at, name)| format!("{name} = ${at}"))
            .collect();
        columns.push("created_at".to_owned());
        let values: Vec<_> = (1..columns.len() + 3).map(|at| format!("${at}")).collect();
        let shown: Vec<_> = fields.iter().map(|name| format!("r.{name}")).collect();
        let shown = shown.join(", ");
        Self {
            insert: format!(
                "insert into {table} (id, company_id, {}) values ({})",
                columns.join(", "),
                values.join(", ")
            ),
            update: format!(
                "update {table} set {} where id = $1 and company_id = $2",
                set.join(", ")
            ),
            select: format!(
                "select r.id, r.company_id, c.name, {shown}, r.created_at, r.updated_at from {table} r \
                 join companies c on c.id = r.company_id where 1 = 1"
            ),
        }
    }
}

fn values<R: Record>(record: &mut R) -> Vec<Value> {
    let mut values = vec![record.id().into(), record.company().id.into()];
    values.extend(record.stored());
    values.push(text::searched(&record.searched()).into());
    values.push((*record.updated_at()).into());
    values
}

/// Creates a record, with its event.
pub(crate) fn create<R: Record>(tx: &mut Tx<'_>, new: R::New, company: Named, by: &By) -> Result<R, Refused> {
    let mut record = R::begin(new, company, (tx.id(), tx.now()));
    record.fits()?;
    let mut values = values(&mut record);
    values.push(record.created_at().into());
    tx.execute(&R::sql().insert, &values)?;
    record.write_beside(tx, None)?;
    let [created, ..] = R::EVENTS;
    emit(tx, created, &record, by, &[])?;
    Ok(record)
}

/// Changes a record, with its event unless nothing differs. Returns whether it changed.
pub(crate) fn change<R: Record>(
    tx: &mut Tx<'_>,
    record: &mut R,
    change: R::Change,
    by: &By,
) -> Result<bool, Refused> {
    let before = record.clone();
    record.set(change);
    record.fits()?;
    let fields = record.differences(&before);
    if fields.is_empty() {
        return Ok(false);
    }
    *record.updated_at() = tx.now();
    tx.execute(&R::sql().update, &values(record))?;
    record.write_beside(tx, Some(&before))?;
    let [_, updated, _] = R::EVENTS;
    emit(tx, updated, record, by, &fields)?;
    Ok(true)
}

/// Deletes a record that is locked and is not in use, with its event.
pub(crate) fn delete<R: Record>(tx: &mut Tx<'_>, record: &R, by: &By) -> Result<(), Refused> {
    record.is_free(tx)?;
    record.clear_beside(tx)?;
    let sql = format!("delete from {} where id = $1 and company_id = $2", R::TABLE);
    tx.execute(&sql, params![record.id(), record.company().id])?;
    let [.., deleted] = R::EVENTS;
    emit(tx, deleted, record, by, &[])?;
    Ok(())
}

/// One record of a scope, with this clause for a lock.
pub(crate) fn one<R: Record>(tx: &mut Tx<'_>, id: Id, scope: &Scope, lock: &str) -> Result<R, Refused> {
    let select = Select::new(&R::sql().select)
        .scope("r.company_id", scope)
        .filter("r.id = ?", Some(id))
        .push(lock, Vec::new());
    let mut found: Vec<R> = select.all(tx)?;
    R::read_beside(tx, &mut found)?;
    found.pop().ok_or(Refused::NotFound)
}

/// A record of this company, which cannot be deleted until the end of this transaction. One of another company is
/// refused like one that does not exist: the `field` names it.
pub(crate) fn in_company<R: Record>(
    tx: &mut Tx<'_>,
    (company, id): (Id, Id),
    (field, detail): (&str, &str),
) -> Result<Named, Refused> {
    let (table, lock) = (R::TABLE, tx.for_share(R::TABLE));
    let sql = format!("select id, name from {table} where id = $1 and company_id = $2{lock}");
    tx.one::<(Id, String)>(&sql, params![id, company])?
        .map(|(id, name)| Named { id, name })
        .ok_or_else(|| Refused::field(field, detail))
}

/// The conditions of a list.
pub(crate) struct Find<R: Record> {
    pub(crate) select: Select,
    pub(crate) sort: Sort<R>,
    /// Whether it searches, which reads all rows.
    pub(crate) searches: bool,
}

impl<R: Record> Find<R> {
    /// The records of a scope, of one company if there is one.
    pub(crate) fn of(scope: &Scope, company: Option<Id>) -> Self {
        Self {
            select: Select::new(&R::sql().select)
                .scope("r.company_id", scope)
                .filter("r.company_id = ?", company),
            sort: Sort::default(),
            searches: false,
        }
    }

    /// With this text.
    pub(crate) fn text(mut self, text: Option<&str>) -> Self {
        self.searches = text.is_some();
        let pattern = text.map(text::pattern);
        self.select = self.select.filter("r.search like ? escape '!'", pattern);
        self
    }

    /// With this tag.
    pub(crate) fn tag(mut self, tag: Option<String>) -> Self {
        if let Some(tag) = tag {
            let one = R::SUBJECT.name();
            let with = format!(" and r.id in (select x.{one}_id from {one}_tags x where x.tag = ?)");
            self.select = self.select.push(&with, vec![crate::tags::key(&tag).into()]);
        }
        self
    }

    /// A page of them.
    pub(crate) fn page(self, tx: &mut Tx<'_>, page: &PageQuery) -> Result<Page<R>, Refused> {
        let mut rows = self.sort.page(self.select, page)?.all(tx)?;
        R::read_beside(tx, &mut rows)?;
        self.sort.cut(rows, page)
    }
}

/// What its events are about.
pub(crate) fn subject<R: Record>(record: &R) -> Subject {
    Subject {
        kind: R::SUBJECT,
        id: record.id(),
    }
}

fn emit<R: Record>(tx: &mut Tx<'_>, kind: Kind, record: &R, by: &By, changed: &[&str]) -> Result<(), Error> {
    let mut event = by::event(tx, kind, subject(record), &Place::of(record.company()), by);
    put(
        &mut event.data,
        &format!("{}_id", R::SUBJECT.name()),
        Some(record.id()),
    );
    record.describe(&mut event.data);
    record.describe_fields(&mut event.data);
    if !changed.is_empty() {
        event.data.insert("changed".to_owned(), json!(changed));
    }
    tx.emit(event)
}
