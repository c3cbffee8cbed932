//! Our four types and PostgreSQL's.

use std::{borrow::Cow, error::Error as StdError, fmt};

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::{
    Error, Row, Value,
    rows::{Column, Queued},
};

/// A value, or the values of a column, on the way to the driver, which prints what it is given at its most talkative: it may be
/// a secret.
pub(super) enum Param<'a> {
    One(&'a Value),
    Column(Cow<'a, Column<'a>>),
}

impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*")
    }
}

pub(super) fn params(values: &[Value]) -> Vec<Param<'_>> {
    values.iter().map(Param::One).collect()
}

pub(super) fn columns<'a>(columns: &'a [Column<'a>]) -> Vec<Param<'a>> {
    columns
        .iter()
        .map(|column| Param::Column(Cow::Borrowed(column)))
        .collect()
}

pub(super) fn queued(queued: &Queued) -> Vec<Param<'_>> {
    match queued.columns() {
        Some(columns) => columns
            .into_iter()
            .map(|column| Param::Column(Cow::Owned(column)))
            .collect(),
        None => params(&queued.values),
    }
}

pub(super) fn borrowed<'a>(params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::One(Value::Null) => Ok(IsNull::Yes),
            Self::One(Value::Int(int)) if *ty == Type::INT8 => int.to_sql(ty, out),
            Self::One(Value::Int(int)) if *ty == Type::INT4 => i32::try_from(*int)?.to_sql(ty, out),
            #[expect(clippy::cast_precision_loss, reason = "a whole number in a column of numbers")]
            Self::One(Value::Int(int)) if *ty == Type::FLOAT8 => (*int as f64).to_sql(ty, out),
            Self::One(Value::Real(real)) if *ty == Type::FLOAT8 => real.to_sql(ty, out),
            Self::One(Value::Text(text)) if <&str as ToSql>::accepts(ty) => text.to_sql(ty, out),
            Self::Column(column) => match &**column {
                Column::Texts(texts) if *ty == Type::TEXT_ARRAY => texts.to_sql(ty, out),
                Column::Ints(ints) if *ty == Type::INT8_ARRAY => ints.to_sql(ty, out),
                Column::Reals(reals) if *ty == Type::FLOAT8_ARRAY => reals.to_sql(ty, out),
                _ => Err(format!("a column cannot be converted to the type {ty}").into()),
            },
            // Not the value: it may be a secret.
            Self::One(_) => Err(format!("a parameter cannot be converted to the type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

pub(super) fn decode(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let value = |(index, column): (usize, &tokio_postgres::Column)| {
        let ty = column.type_();
        Ok(if *ty == Type::INT8 {
            row.try_get::<_, Option<i64>>(index)?
                .map_or(Value::Null, Value::Int)
        } else if *ty == Type::INT4 {
            row.try_get::<_, Option<i32>>(index)?
                .map_or(Value::Null, |int| Value::Int(int.into()))
        } else if *ty == Type::FLOAT8 {
            row.try_get::<_, Option<f64>>(index)?
                .map_or(Value::Null, Value::Real)
        } else if *ty == Type::BOOL {
            row.try_get::<_, Option<bool>>(index)?
                .map_or(Value::Null, |yes| Value::Int(yes.into()))
        } else if <String as tokio_postgres::types::FromSql>::accepts(ty) {
            row.try_get::<_, Option<String>>(index)?
                .map_or(Value::Null, Value::Text)
        } else {
            return Err(Error::Decode(format!(
                "column {index} has the type {ty}: cast it"
            )));
        })
    };
    row.columns()
        .iter()
        .enumerate()
        .map(value)
        .collect::<Result<_, Error>>()
        .map(Row)
}
