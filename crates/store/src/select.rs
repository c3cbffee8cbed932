//! Queries with optional filters and a scope.

use base::Scope;

use crate::{Error, FromRow, Tx, Value, rows, unreadable};

/// How many queries one [`Select::union`] joins at most: each is planned separately, and SQLite allows no more than
/// 500 (<https://www.sqlite.org/limits.html>).
pub const PARTS: usize = 100;

/// A query composed of constant pieces. In each piece `?` stands for the next value; values never become
/// text of the statement.
#[derive(Debug, Clone)]
pub struct Select {
    /// With a `?` for each value.
    sql: String,
    values: Vec<Value>,
}

impl Select {
    /// Starts with a statement that ends in conditions, such as `select … where 1 = 1`.
    pub fn new(sql: &str) -> Self {
        Self {
            sql: sql.to_owned(),
            values: Vec::new(),
        }
    }

    /// Only rows whose `column` is a company of the scope.
    #[must_use]
    pub fn scope(self, column: &str, scope: &Scope) -> Self {
        match scope {
            Scope::All => self,
            Scope::Companies(companies) if companies.is_empty() => self.push(" and 1 = 0", Vec::new()),
            Scope::Companies(companies) => self.within(column, companies.iter()),
        }
    }

    /// Only rows whose `column` is one of the values; none for no values. The list has one of a few lengths
    /// ([`rows::padded`]).
    #[must_use]
    pub fn within<V: Into<Value>>(mut self, column: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            return self.push(" and 1 = 0", Vec::new());
        }
        let values: Vec<Value> = rows::padded(&values).collect();
        let marks = vec!["?"; values.len()].join(", ");
        self = self.push(&format!(" and {column} in ({marks})"), values);
        self
    }

    /// Only rows whose `column` is in the result of a query with one column.
    #[must_use]
    pub fn inside(self, column: &str, query: Self) -> Self {
        self.push(&format!(" and {column} in ("), Vec::new())
            .push(&query.sql, query.values)
            .push(")", Vec::new())
    }

    /// Only rows whose `column` is one of the values, if there are any.
    #[must_use]
    pub fn among<V: Copy + Into<Value>>(self, column: &str, values: &[V]) -> Self {
        if values.is_empty() {
            return self;
        }
        self.within(column, values.iter().copied())
    }

    /// One more condition with its value, if there is a value.
    #[must_use]
    pub fn filter<V: Into<Value>>(self, condition: &str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.push(&format!(" and {condition}"), vec![value.into()]),
            None => self,
        }
    }

    /// One more piece with its values, one for each `?`.
    #[must_use]
    pub fn push(mut self, sql: &str, values: Vec<Value>) -> Self {
        debug_assert_eq!(sql.matches('?').count(), values.len(), "a value for each ?");
        self.sql.push_str(sql);
        self.values.extend(values);
        self
    }

    /// The rows of all these queries, each of which may have its own order and limit: so the first rows of
    /// many companies are read in the order of each one's index, while one condition on all of them would sort all
    /// their rows. At most [`PARTS`].
    #[must_use]
    pub fn union(mut self, parts: impl IntoIterator<Item = Self>) -> Self {
        for (index, part) in parts.into_iter().enumerate() {
            debug_assert!(index < PARTS, "too many parts for one statement");
            let union = if index > 0 { " union all " } else { "" };
            self = self
                .push(&format!("{union}select * from ("), Vec::new())
                .push(&part.sql, part.values)
                .push(&format!(") as part{index}"), Vec::new());
        }
        self
    }

    /// The statement, its parameters numbered.
    fn statement(&self) -> String {
        let mut pieces = self.sql.split('?');
        let mut statement = pieces.next().unwrap_or_default().to_owned();
        for (index, piece) in pieces.enumerate() {
            statement.push('$');
            statement.push_str(&(index + 1).to_string());
            statement.push_str(piece);
        }
        statement
    }

    /// All rows.
    ///
    /// # Errors
    /// The database's.
    pub fn all<T: FromRow>(&self, tx: &mut Tx<'_>) -> Result<Vec<T>, Error> {
        tx.all(&self.statement(), &self.values)
    }

    /// All readable rows, as in [`Tx::readable`].
    ///
    /// # Errors
    /// The database's.
    pub fn readable<T: FromRow>(&self, tx: &mut Tx<'_>, what: &'static str) -> Result<Vec<T>, Error> {
        tx.readable(what, &self.statement(), &self.values)
    }

    /// The first `limit` readable rows: unreadable ones are replaced by later ones. The query must end in its order.
    ///
    /// # Errors
    /// The database's.
    pub fn page<T: FromRow>(
        &self,
        tx: &mut Tx<'_>,
        what: &'static str,
        limit: usize,
    ) -> Result<Vec<T>, Error> {
        let first = |most: usize| self.clone().push(" limit ?", vec![most.into()]);
        unreadable::page(tx, what, limit, first)
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// The database's.
    pub fn one<T: FromRow>(&self, tx: &mut Tx<'_>) -> Result<Option<T>, Error> {
        tx.one(&self.statement(), &self.values)
    }

    /// Runs it as a write without an answer ([`Tx::post`]).
    ///
    /// # Errors
    /// The database's.
    pub fn post(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.post(&self.statement(), &self.values)
    }

    /// Runs it as a write and returns how many rows it changed.
    ///
    /// # Errors
    /// The database's.
    pub fn execute(&self, tx: &mut Tx<'_>) -> Result<u64, Error> {
        tx.execute(&self.statement(), &self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_its_parameters_and_keeps_an_empty_scope_empty() {
        let select = Select::new("select id from findings where 1 = 1")
            .scope("company_id", &Scope::of([]))
            .filter("status = ?", Some("open"))
            .filter("severity = ?", None::<&str>)
            .push(" and (a = ? or b = ?)", vec![1.into(), 2.into()]);
        assert_eq!(
            select.statement(),
            "select id from findings where 1 = 1 and 1 = 0 and status = $1 and (a = $2 or b = $3)"
        );
        assert_eq!(select.values.len(), 3);
    }

    #[test]
    fn numbers_the_parameters_of_all_parts() {
        let part = |company: i64| {
            Select::new("select id from t where c = ").push("? limit ?", vec![company.into(), 5.into()])
        };
        let select = Select::new("select id from (")
            .union([part(1), part(2)])
            .push(") as e limit ?", vec![5.into()]);
        assert_eq!(
            select.statement(),
            "select id from (select * from (select id from t where c = $1 limit $2) as part0 union all \
             select * from (select id from t where c = $3 limit $4) as part1) as e limit $5"
        );
        assert_eq!(select.values, [1, 5, 2, 5, 5].map(Value::from));
    }
}
