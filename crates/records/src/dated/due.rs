//! Reads what is due: kind by kind, merged in the order of time.

use std::{cmp::Ordering, collections::HashMap};

use base::{Id, Scope, SubjectType, Time};
use store::{Error, Select, Tx, Value};

use super::{
    item::{Item, Kind, Query},
    row::Due,
    sql,
};
use crate::scans;

/// Companies per statement.
const COMPANIES: usize = 100;

/// What is due in a scope, earliest first, ties by id. A finding is listed once, however many assignees it has.
///
/// # Errors
/// The store's.
pub fn due(tx: &mut Tx<'_>, query: &Query) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    for kind in Kind::ALL {
        if query.kinds.contains(&kind) && (query.assigned_to.is_none() || kind.is_personal()) {
            let rows = of_kind(tx, kind, query)?;
            items.extend(rows.into_iter().map(|row| row.item(kind)));
        }
    }
    items.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
    items.truncate(query.limit as usize);
    Ok(items)
}

fn of_kind(tx: &mut Tx<'_>, kind: Kind, query: &Query) -> Result<Vec<Due>, Error> {
    let Some(span) = Span::of(kind, query) else {
        return Ok(Vec::new());
    };
    let (sql, table, at) = sql::of(kind);
    let company = format!("{table}.company_id");
    let select = match (kind.entity(), query.assigned_to, companies(query)) {
        (SubjectType::Finding, Some(user), _) => {
            Select::new("").push(&sql::assigned(at, query.stamps), vec![user.into()])
        }
        (SubjectType::Finding, None, Some(companies)) => {
            return of_companies(tx, at, &companies, &span, query);
        }
        (SubjectType::Finding, None, None) => Select::new(&sql::everywhere(at, query.stamps)),
        (SubjectType::Scan, ..) => Select::new(sql).within("s.status", scans::Status::AHEAD),
        _ => Select::new(sql),
    };
    let select = select
        .scope(&company, &query.scope)
        .filter(&format!("{company} = ?"), query.company);
    span.narrow(select, at, &format!("{table}.id"))
        .push(&format!(" order by {at}, {table}.id"), Vec::new())
        .page(tx, "calendar", query.limit as usize)
}

/// The companies to read; none for all.
fn companies(query: &Query) -> Option<Vec<Id>> {
    match (&query.scope, query.company) {
        (Scope::All, None) => None,
        (Scope::Companies(companies), None) => Some(companies.iter().copied().collect()),
        (scope, Some(company)) => Some(if scope.allows(company) {
            vec![company]
        } else {
            Vec::new()
        }),
    }
}

/// The part of the window in which a kind is read.
struct Span {
    from: Time,
    to: Time,
    /// At `from`, only after this record.
    after: Option<Id>,
}

impl Span {
    /// None if it is empty.
    fn of(kind: Kind, query: &Query) -> Option<Self> {
        let (mut from, to) = if kind.is_whole_day() {
            (query.first_day.midnight(), query.last_day.next().midnight())
        } else {
            (query.from, query.to)
        };
        let mut after = None;
        if let Some(cursor) = query.after {
            // At the same time, kinds are ordered by name.
            match kind.name().cmp(cursor.kind.name()) {
                Ordering::Less => {
                    from = from.max(Time::from_nanos(cursor.at.nanos().saturating_add(1)));
                }
                Ordering::Equal if cursor.at >= from => {
                    (from, after) = (cursor.at, Some(cursor.id));
                }
                Ordering::Equal => {}
                Ordering::Greater => from = from.max(cursor.at),
            }
        }
        (from < to).then_some(Self { from, to, after })
    }

    fn narrow(&self, select: Select, at: &str, id: &str) -> Select {
        // A single lower bound: for two, SQLite would search by the first and scan to the second.
        let select = match self.after {
            Some(after) => select.push(
                &format!(" and ({at}, {id}) > (?, ?)"),
                vec![self.from.into(), after.into()],
            ),
            None => select.filter(&format!("{at} >= ?"), Some(self.from)),
        };
        select.filter(&format!("{at} < ?"), Some(self.to))
    }
}

/// The first findings of these companies together. The first few of each are read, somewhat more than its share:
/// nothing is missing before the earliest place at which one of them may have more. If that is not enough, more are
/// read. Each is read in the order of its own index, so that what a caller may not see costs nothing.
fn of_companies(
    tx: &mut Tx<'_>,
    at: &str,
    companies: &[Id],
    span: &Span,
    query: &Query,
) -> Result<Vec<Due>, Error> {
    let limit = query.limit as usize;
    let mut each = if companies.len() > 1 {
        (limit + limit / 2)
            .div_ceil(companies.len())
            .saturating_add(8)
            .min(limit)
    } else {
        limit
    };
    loop {
        let mut rows = Vec::new();
        for companies in companies.chunks(COMPANIES) {
            rows.extend(first_of_each(tx, at, companies, span, (each, query.stamps))?);
        }
        rows.sort_unstable_by_key(|row| (row.at, row.entity_id));
        let complete = complete(&rows, each);
        if complete >= limit || complete == rows.len() || each >= limit {
            rows.truncate(limit);
            return Ok(rows);
        }
        each = each.saturating_mul(4).min(limit);
    }
}

/// How many of the rows, in order, are certainly complete: no unread row belongs before them.
fn complete(rows: &[Due], each: usize) -> usize {
    let mut counts = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let count = counts.entry(row.company.id).or_insert(0);
        *count += 1;
        if *count == each {
            return index + 1;
        }
    }
    rows.len()
}

fn first_of_each(
    tx: &mut Tx<'_>,
    at: &str,
    companies: &[Id],
    span: &Span,
    (each, stamps): (usize, bool),
) -> Result<Vec<Due>, Error> {
    if companies.is_empty() {
        return Ok(Vec::new());
    }
    let each = i64::try_from(each).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![span.from.into(), span.to.into(), each.into()];
    values.extend(span.after.map(Value::from));
    values.extend(companies.iter().map(|company| Value::from(*company)));
    tx.readable(
        "calendar",
        &sql::of_each(at, stamps, companies.len(), span.after.is_some()),
        &values,
    )
}
