//! Which rows change: triggers note each one, in a database that is examined step by step.
//!
//! The notes are in tables of the writing connection alone, so the file stays as it is, and they are rolled back with what they are
//! about.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};
use uuid::Uuid;

use super::content::{UNCOMPARED, named};

/// What a change did to one row. It was added if there is nothing before, and removed if there is nothing after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// Its table.
    pub table: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The values that identify it among the rows of its table; none in a table without a key.
    pub key: Vec<String>,
    /// The values before, in the order of the columns.
    pub before: Option<Values>,
    /// The values after.
    pub after: Option<Values>,
}

/// The values of a row as text: of 16 bytes as an id, of other bytes as hexadecimal digits; none for NULL.
pub type Values = Vec<Option<String>>;

const NOTES: &str = "CREATE TEMP TABLE IF NOT EXISTS noted (number INTEGER PRIMARY KEY, source TEXT NOT NULL, place TEXT NOT NULL, before TEXT, after TEXT)";

/// A table whose changes are noted.
struct Table {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
}

/// From now on, what is written through this connection is noted.
pub(super) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(NOTES)?;
    // Without it, nothing is noted of a row that another one replaces.
    connection.pragma_update(None, "recursive_triggers", true)?;
    for table in tables(connection)? {
        connection.execute_batch(&table.trigger("INSERT", None, Some("NEW")))?;
        connection.execute_batch(&table.trigger("UPDATE", Some("OLD"), Some("NEW")))?;
        connection.execute_batch(&table.trigger("DELETE", Some("OLD"), None))?;
    }
    Ok(())
}

impl Table {
    /// SQL that notes an act, with the names that the row has in a trigger before and after it.
    fn trigger(&self, act: &str, before: Option<&str>, after: Option<&str>) -> String {
        let Self { name, columns, key } = self;
        let rowid = ["rowid".to_owned()];
        let identifying = if key.is_empty() { &rowid } else { key.as_slice() };
        let place = array(before.or(after).unwrap_or_default(), identifying);
        let row = |of: Option<&str>| of.map_or("NULL".to_owned(), |of| array(of, columns));
        let (before, after) = (row(before), row(after));
        format!(
            "CREATE TEMP TRIGGER \"noted {name} {act}\" AFTER {act} ON main.\"{name}\" BEGIN
                 INSERT INTO noted (source, place, before, after) VALUES ('{name}', {place}, {before}, {after});
             END"
        )
    }
}

/// What changed since the last look: one change for each row, in the order in which the rows were first touched.
pub(super) fn take(connection: &Transaction<'_>) -> rusqlite::Result<Vec<RowChange>> {
    let tables: BTreeMap<String, Table> =
        tables(connection)?.into_iter().map(|table| (table.name.clone(), table)).collect();
    let mut changes: Vec<RowChange> = Vec::new();
    let mut places = BTreeMap::new();
    let mut query = connection
        .prepare_cached("SELECT source, place, before, after FROM noted ORDER BY number")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (source, place): (String, String) = (row.get(0)?, row.get(1)?);
        let Some(table) = tables.get(&source) else { continue };
        let after = row.get::<_, Option<String>>(3)?.as_deref().map(values);
        let at = *places.entry((source, place.clone())).or_insert(changes.len());
        if let Some(change) = changes.get_mut(at) {
            change.after = after;
            continue;
        }
        let key = if table.key.is_empty() { Vec::new() } else { values(&place) };
        changes.push(RowChange {
            table: table.name.clone(),
            columns: table.columns.clone(),
            key: key.into_iter().flatten().collect(),
            before: row.get::<_, Option<String>>(2)?.as_deref().map(values),
            after,
        });
    }
    connection.execute("DELETE FROM noted", [])?;
    changes.retain(|change| change.before != change.after);
    Ok(changes)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let mut tables = Vec::new();
    for name in named(connection)? {
        if UNCOMPARED.contains(&&*name) {
            continue;
        }
        let mut query = connection
            .prepare_cached("SELECT name, pk FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
        let columns: Vec<(String, u32)> = query
            .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let key = columns.iter().filter(|(_, place)| *place > 0);
        let key = key.map(|(column, _)| column.clone()).collect();
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        tables.push(Table { name, columns, key });
    }
    Ok(tables)
}

/// SQL for values of a row as JSON: each as text that begins with the letter of its kind.
fn array(of: &str, columns: &[String]) -> String {
    let value = |column: &String| {
        let value = format!("{of}.\"{column}\"");
        format!(
            "CASE typeof({value}) WHEN 'null' THEN NULL WHEN 'blob' THEN 'b' || hex({value}) ELSE 't' || {value} END"
        )
    };
    format!("json_array({})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
}

fn values(json: &str) -> Values {
    let values: Values = serde_json::from_str(json).unwrap_or_default();
    values.into_iter().map(|value| value.map(|value| shown(&value))).collect()
}

fn shown(value: &str) -> String {
    match value.split_at_checked(1) {
        Some(("b", hex)) if hex.len() == 32 => {
            Uuid::parse_str(hex).map_or_else(|_| hex.to_lowercase(), |id| id.to_string())
        }
        Some(("b", hex)) => hex.to_lowercase(),
        Some((_, text)) => text.to_owned(),
        None => String::new(),
    }
}
