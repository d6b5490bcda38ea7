//! Which tables a database has.

use rusqlite::Connection;

use super::Schema;

/// Tables that are not part of the content of a model.
pub(super) const UNCOMPARED: [&str; 3] = ["aside", "checkpoint", "origin"];

/// Whether a database has exactly the tables of the schema, besides those that every model has.
pub(super) fn has_tables_of(connection: &Connection, schema: Schema) -> rusqlite::Result<bool> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(schema.create)?;
    let own = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
        let mut tables = named(connection)?;
        tables.retain(|table| !UNCOMPARED.contains(&table.as_str()));
        Ok(tables)
    };
    Ok(own(connection)? == own(&fresh)?)
}

/// The tables by which two models are compared.
pub(super) fn compared(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut tables = named(connection)?;
    tables.retain(|table| table != "origin");
    Ok(tables)
}

/// The tables with rows of ours: an index kept in a virtual table follows from them, and lays out its own as it likes.
pub(super) fn named(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    names(
        connection,
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
}

/// The names that a query finds.
pub(super) fn names(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
