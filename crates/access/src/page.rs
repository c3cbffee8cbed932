//! Paginated lists: `?limit=&cursor=` give `{items, next_cursor}`.

use base::Cursor;
use serde::{Deserialize, Serialize};

use crate::{
    problem::{FieldError, Problem},
    validate::Invalid,
};

/// The default number of rows per page.
pub const DEFAULT: u32 = 25;

/// The most rows per page.
pub const MAX: u32 = 200;

/// The schema of a cursor. It is opaque: only a list's `next_cursor` leads to its next page.
#[derive(Debug)]
pub struct CursorText;

impl utoipa::ToSchema for CursorText {}
impl utoipa::PartialSchema for CursorText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::schema::text(1, 200, "^[!-~]+$")
    }
}

/// Which page. A handler takes it in addition to its own filters: `Query(page): Query<PageQuery>`.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many rows, 1 to 200; 25 by default.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the previous page; omit it for the first page.
    #[param(inline, value_type = Option<CursorText>)]
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last.
    pub next_cursor: Option<String>,
}

impl PageQuery {
    /// The maximum number of rows of the page.
    ///
    /// # Errors
    /// 422 for none or more than [`MAX`].
    pub fn limit(&self) -> Result<u32, Problem> {
        Ok(self.rows()?)
    }

    /// The maximum number of rows of the page.
    ///
    /// # Errors
    /// Names the limit if it is none or more than [`MAX`].
    pub fn rows(&self) -> Result<u32, Invalid> {
        match self.limit.unwrap_or(DEFAULT) {
            limit @ 1..=MAX => Ok(limit),
            _ => Err(Invalid(vec![FieldError::new(
                "limit",
                format!("must be from 1 to {MAX}"),
            )])),
        }
    }

    /// The value of the cursor, if there is one.
    ///
    /// # Errors
    /// 422 for a text that is not a cursor of this list.
    pub fn after<C: Cursor>(&self) -> Result<Option<C>, Problem> {
        Ok(self.position()?)
    }

    /// The position after which the page begins, if there is a cursor.
    ///
    /// # Errors
    /// Names the cursor if it is not one of this list.
    pub fn position<C: Cursor>(&self) -> Result<Option<C>, Invalid> {
        position(self.cursor.as_deref())
    }
}

/// The position after which a page begins, of a parameter `cursor`.
///
/// # Errors
/// Names the cursor if it is not one of this list.
pub fn position<C: Cursor>(cursor: Option<&str>) -> Result<Option<C>, Invalid> {
    let wrong = || Invalid(vec![FieldError::new("cursor", "must be a cursor of this list")]);
    cursor.map(|text| C::read(text).ok_or_else(wrong)).transpose()
}

impl<T> Page<T> {
    /// The page of `rows`, which were read with a limit of one more than `limit`: the extra row only shows that
    /// there is a next page. `position` is what the list is sorted by.
    pub fn cut<C: Cursor>(mut rows: Vec<T>, limit: u32, position: impl Fn(&T) -> C) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more {
            rows.last().map(|row| position(row).write())
        } else {
            None
        };
        Self {
            items: rows,
            next_cursor,
        }
    }

    /// The page with each row converted.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_has_a_next_one_only_if_there_is_more() {
        let page = Page::cut(vec![1, 2, 3], 2, |row| (*row,));
        assert_eq!((page.items, page.next_cursor.as_deref()), (vec![1, 2], Some("2")));
        let page = Page::cut(vec![1, 2], 2, |row| (*row,));
        assert_eq!((page.items.len(), page.next_cursor), (2, None));
        assert_eq!(Page::cut(Vec::<i32>::new(), 2, |row| (*row,)).next_cursor, None);
    }

    #[test]
    fn limits_and_cursors_are_checked() {
        let query = |limit, cursor: Option<&str>| PageQuery {
            limit,
            cursor: cursor.map(ToOwned::to_owned),
        };
        assert_eq!(query(None, None).limit(), Ok(25));
        assert_eq!(query(Some(200), None).limit(), Ok(200));
        for bad in [0, 201] {
            assert_eq!(query(Some(bad), None).limit().unwrap_err().status(), 422);
        }
        assert_eq!(query(None, None).after::<base::Id>(), Ok(None));
        assert_eq!(
            query(None, Some("x")).after::<base::Id>().unwrap_err().status(),
            422
        );
    }
}
