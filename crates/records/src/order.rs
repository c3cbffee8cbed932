//! The order of a list, and where its pages begin.
//!
//! Owns: sorting by a number and then by id, or by id alone, and the cursor of such a list; reading it from parts, each
//! of which has an index in this order. Must not: know the records; each defines its orders.

use std::str::FromStr;

use access::{FieldError, Page, PageQuery, validate::Check};
use base::{Cursor, Id};
use store::Select;

use crate::Refused;

/// What rows are sorted by, in SQL and as a function of a row.
type Key<T> = (&'static str, fn(&T) -> i64);

/// One way to sort rows.
#[derive(Debug)]
pub struct Order<T: 'static> {
    /// Its name in the API: a field, with `-` before it for descending order.
    pub name: &'static str,
    /// What it sorts by before the id; none for the id alone.
    pub key: Option<Key<T>>,
    /// Whether the smallest comes first.
    pub ascends: bool,
}

/// Rows of a list that can be sorted.
pub trait Sorted: Sized + 'static {
    /// The ways to sort them; the first is the default.
    const ORDERS: &'static [Order<Self>];
    /// The column of the id.
    const ID: &'static str;

    /// The id of a row.
    fn id(&self) -> Id;
}

/// The sort order.
#[derive(Debug)]
pub struct Sort<T: Sorted>(&'static Order<T>);

impl<T: Sorted> Clone for Sort<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Sorted> Copy for Sort<T> {}

impl<T: Sorted> Default for Sort<T> {
    fn default() -> Self {
        Self(&T::ORDERS[0])
    }
}

impl<T: Sorted> FromStr for Sort<T> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let order = T::ORDERS.iter().find(|order| order.name == text);
        order.map(Self).ok_or_else(|| {
            let names: Vec<_> = T::ORDERS.iter().map(|order| order.name).collect();
            format!("must be one of {}", names.join(", "))
        })
    }
}

impl<T: Sorted> utoipa::ToSchema for Sort<T> {}
impl<T: Sorted> utoipa::PartialSchema for Sort<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        access::schema::one_of(T::ORDERS.iter().map(|order| order.name))
    }
}

impl<T: Sorted> Sort<T> {
    /// The order that a parameter names; an unknown one is noted.
    pub(crate) fn read(check: &mut Check, text: Option<&str>) -> Self {
        let sort = text.map(str::parse).transpose();
        check
            .take(sort.map_err(|detail| FieldError::new("sort", detail)))
            .unwrap_or_default()
    }

    /// Only the rows of the page, in this order, and one more that shows whether there is a next page.
    ///
    /// # Errors
    /// 422 for an invalid limit or cursor, such as one of another order.
    pub(crate) fn page(self, select: Select, page: &PageQuery) -> Result<Select, Refused> {
        let limit = page.rows()?;
        let than = if self.0.ascends { ">" } else { "<" };
        let id = T::ID;
        let select = match (page.position::<Last>()?, self.0.key) {
            (None, _) => select,
            (Some(Last::ById(last)), None) => select.push(&format!(" and {id} {than} ?"), vec![last.into()]),
            (Some(Last::ByKey(order, value, last)), Some((key, _))) if order == self.0.name => select.push(
                &format!(" and ({key}, {id}) {than} (?, ?)"),
                vec![value.into(), last.into()],
            ),
            (Some(_), _) => return Err(Refused::field("cursor", "must be a cursor of this list")),
        };
        Ok(self.first(select, (self.0.key.map(|(key, _)| key), id), limit))
    }

    /// The first rows by these columns, and one more.
    fn first(self, select: Select, (key, id): (Option<&str>, &str), limit: u32) -> Select {
        let way = if self.0.ascends { "" } else { " desc" };
        let key = key.map(|key| format!("{key}{way}, ")).unwrap_or_default();
        select.push(
            &format!(" order by {key}{id}{way} limit ?"),
            vec![(limit + 1).into()],
        )
    }

    /// The beginning of a part for [`ids`](Self::ids): the rows of this table and alias.
    pub(crate) fn part(self, from: &str) -> Select {
        let key = self
            .0
            .key
            .map(|(key, _)| format!(", {key} as key"))
            .unwrap_or_default();
        Select::new(&format!("select {} as id{key} from {from} where 1 = 1", T::ID))
    }

    /// The ids of the rows of the page from all these parts, and of one more row, unordered.
    ///
    /// # Errors
    /// As for [`page`](Self::page).
    pub(crate) fn ids(self, parts: Vec<Select>, page: &PageQuery) -> Result<Select, Refused> {
        let parts: Result<Vec<_>, _> = parts.into_iter().map(|part| self.page(part, page)).collect();
        let of_all = Select::new("select id from (")
            .union(parts?)
            .push(") as parts", Vec::new());
        Ok(self.first(of_all, (self.0.key.map(|_| "key"), "id"), page.rows()?))
    }

    /// Sorts unordered rows.
    pub(crate) fn sort(self, rows: &mut [T]) {
        let key = |row: &T| (self.0.key.map(|(_, key)| key(row)), row.id());
        if self.0.ascends {
            rows.sort_by_cached_key(key);
        } else {
            rows.sort_by_cached_key(|row| std::cmp::Reverse(key(row)));
        }
    }

    /// The page of the rows read by [`page`](Self::page).
    ///
    /// # Errors
    /// 422 for an invalid limit.
    pub(crate) fn cut(self, rows: Vec<T>, page: &PageQuery) -> Result<Page<T>, Refused> {
        Ok(Page::cut(rows, page.rows()?, |row| match self.0.key {
            None => Last::ById(row.id()),
            Some((_, key)) => Last::ByKey(self.0.name.to_owned(), key(row), row.id()),
        }))
    }
}

/// Where a page ends: the last row by its id, or by the name of the order, the key and the id.
enum Last {
    ById(Id),
    ByKey(String, i64, Id),
}

impl Cursor for Last {
    fn write(&self) -> String {
        match self {
            Self::ById(id) => id.write(),
            Self::ByKey(order, key, id) => (order.clone(), *key, *id).write(),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let by_key = Cursor::read(text).map(|(order, key, id)| Self::ByKey(order, key, id));
        by_key.or_else(|| Id::read(text).map(Self::ById))
    }
}

/// The order by the id, in which records were created: newest first.
pub(crate) const fn newest<T>() -> Order<T> {
    Order {
        name: "-created_at",
        key: None,
        ascends: false,
    }
}

/// The order by the id, in which records were created: oldest first.
pub(crate) const fn oldest<T>() -> Order<T> {
    Order {
        name: "created_at",
        key: None,
        ascends: true,
    }
}

/// The order by a key, smallest first.
pub(crate) const fn up<T>(name: &'static str, key: &'static str, value: fn(&T) -> i64) -> Order<T> {
    Order {
        name,
        key: Some((key, value)),
        ascends: true,
    }
}

/// The order by a key, largest first.
pub(crate) const fn down<T>(name: &'static str, key: &'static str, value: fn(&T) -> i64) -> Order<T> {
    Order {
        name,
        key: Some((key, value)),
        ascends: false,
    }
}
