//! A model's tables in a SQLite file of this instance's own.

use runtime::{
    ModelError,
    sqlite::{Embedded, Schema, Tables},
};
use rusqlite::{ToSql, Transaction, params_from_iter, types::ToSqlOutput, types::ValueRef};

use super::{Changes, Row, sql::Value};

/// Tables that statements change.
pub(crate) struct Sql(pub(super) Schema);

impl Tables for Sql {
    type Change = Changes;

    fn schema(&self) -> Schema {
        self.0
    }

    fn another(&self) -> Self {
        Self(self.0)
    }

    fn write(&self, transaction: &Transaction<'_>, changes: &[Changes]) -> rusqlite::Result<()> {
        for (sql, values) in changes.iter().flat_map(|changes| &changes.0) {
            transaction.prepare_cached(sql)?.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}

/// What a query finds.
pub(super) async fn query(
    tables: &Embedded<Sql>,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Row>, ModelError> {
    let sql = sql.to_owned();
    tables.own(move |connection| rows(connection, &sql, &values)).await
}

fn rows(
    connection: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
) -> rusqlite::Result<Vec<Row>> {
    let mut query = connection.prepare_cached(sql)?;
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let found = query.query_map(params_from_iter(values), |row| {
        let value = |(at, name): (usize, &String)| {
            let value = match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Real(number),
                text => Value::Text(text.as_str()?.to_owned()),
            };
            Ok((name.clone(), value.json()))
        };
        names.iter().enumerate().map(value).collect()
    });
    found?.collect()
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
