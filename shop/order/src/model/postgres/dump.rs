//! All rows of all tables as SQLite would dump them.

use deadpool_postgres::Transaction;
use runtime::sqlite::line;
use rusqlite::types::ValueRef;
use tokio_postgres::{Error, Row, types::Type};
use uuid::Uuid;

/// The tables with SQLite's columns in SQLite's order.
const TABLES: [(&str, &str); 7] = [
    ("aside", "SELECT * FROM aside"),
    ("checkpoint", "SELECT position FROM checkpoint"),
    ("orders", "SELECT * FROM orders"),
    ("step", "SELECT * FROM step"),
    ("product", "SELECT * FROM product"),
    ("person", "SELECT * FROM person"),
    ("tally", "SELECT * FROM tally"),
];

/// In a transaction that sees one state of the tables.
pub(super) async fn lines(tx: &Transaction<'_>) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    for (table, sql) in TABLES {
        for row in tx.query(sql, &[]).await? {
            lines.push(line_of(table, &row)?);
        }
    }
    lines.sort();
    Ok(lines)
}

fn line_of(table: &str, row: &Row) -> Result<String, Error> {
    let mut ids: Vec<Option<Uuid>> = Vec::new();
    for (at, column) in row.columns().iter().enumerate() {
        ids.push(if *column.type_() == Type::UUID { Some(row.try_get(at)?) } else { None });
    }
    let mut values = Vec::new();
    for ((at, column), id) in row.columns().iter().enumerate().zip(&ids) {
        let integer = |number: Option<i64>| number.map_or(ValueRef::Null, ValueRef::Integer);
        values.push(match (id, column.type_()) {
            (Some(id), _) => ValueRef::Blob(id.as_bytes()),
            (None, kind) if *kind == Type::TEXT => {
                ValueRef::Text(row.try_get::<_, &str>(at)?.as_bytes())
            }
            (None, kind) if *kind == Type::INT2 => {
                integer(row.try_get::<_, Option<i16>>(at)?.map(i64::from))
            }
            (None, kind) if *kind == Type::BOOL => {
                integer(row.try_get::<_, Option<bool>>(at)?.map(i64::from))
            }
            (None, _) => integer(row.try_get(at)?),
        });
    }
    Ok(line(table, &values))
}
