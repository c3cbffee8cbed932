//! The order of a list, and where its pages begin.
//!
//! Owns: sorting by a number and then by id, or by id alone, and the cursor of such a list; reading it from parts, each
//! of which has an index in this order. Must not: know the records; each defines its orders.

use std::str::FromStr;

use crate::Refused;

use access::{FieldError, Page, PageQuery, validate::Check};
use base::Id;
use store::Select;

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
        let after = page.cursor.as_deref().map(|text| {
            self.after(text)
                .ok_or_else(|| Refused::field("cursor", "must be a cursor of this list"))
        });
        let select = match (after.transpose()?, self.0.key) {
            (None, _) => select,
            (Some((_, last)), None) => select.push(&format!(" and {id} {than} ?"), vec![last.into()]),
            (Some((value, last)), Some((key, _))) => select.push(
                &format!(" and ({key}, {id}) {than} (?, ?)"),
                vec![value.into(), last.into()],
            ),
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
            None => row.id().to_string(),
            Some((_, key)) => format!("{}~{}~{}", self.0.name, key(row), row.id()),
        }))
    }

    /// The content of a cursor: the key and the id of the last row. None for a cursor of another order.
    fn after(self, text: &str) -> Option<(i64, Id)> {
        if self.0.key.is_none() {
            return Some((0, text.parse().ok()?));
        }
        let mut parts = text.split('~');
        let named = parts.next() == Some(self.0.name);
        let (key, id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (named && parts.next().is_none()).then_some((key, id))
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
