//! Lists with optional filters, and the scope in every one of them.

use base::Scope;

use crate::{Error, FromRow, Tx, Value};

/// A query put together from constant pieces. In each piece `?` stands for the next value; values never become
/// text of the statement.
#[derive(Debug, Clone)]
pub struct Select {
    sql: String,
    values: Vec<Value>,
}

impl Select {
    /// Begins with a statement that ends in conditions, such as `select … where 1 = 1`.
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

    /// Only rows whose `column` is one of the values; none at all for no values.
    #[must_use]
    pub fn within<V: Into<Value>>(mut self, column: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            return self.push(" and 1 = 0", Vec::new());
        }
        let marks = vec!["?"; values.len()].join(", ");
        self = self.push(&format!(" and {column} in ({marks})"), values);
        self
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
        let mut values = values.into_iter();
        for (index, piece) in sql.split('?').enumerate() {
            if index > 0 {
                self.values.extend(values.next());
                self.sql.push('$');
                self.sql.push_str(&self.values.len().to_string());
            }
            self.sql.push_str(piece);
        }
        self
    }

    /// All rows.
    ///
    /// # Errors
    /// The database's.
    pub fn all<T: FromRow>(&self, tx: &mut Tx<'_>) -> Result<Vec<T>, Error> {
        tx.all(&self.sql, &self.values)
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// The database's.
    pub fn one<T: FromRow>(&self, tx: &mut Tx<'_>) -> Result<Option<T>, Error> {
        tx.one(&self.sql, &self.values)
    }

    /// Runs it as a change and answers how many rows it touched.
    ///
    /// # Errors
    /// The database's.
    pub fn execute(&self, tx: &mut Tx<'_>) -> Result<u64, Error> {
        tx.execute(&self.sql, &self.values)
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
            select.sql,
            "select id from findings where 1 = 1 and 1 = 0 and status = $1 and (a = $2 or b = $3)"
        );
        assert_eq!(select.values.len(), 3);
    }
}
