//! What someone else changed about the tables of a read model: an index that is gone, a trigger that was put there. Neither makes an
//! answer wrong, and both make it late.

use std::collections::BTreeSet;

use kernel::sync;
use rusqlite::Connection;

use super::{Database, Schema, mark};

/// What was found, at the last version of the tables that was looked at.
#[derive(Debug, Default)]
pub(super) struct Strange {
    version: Option<i64>,
    found: Vec<String>,
}

/// An index or a trigger.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    kind: String,
    name: String,
    table: String,
}

impl Database {
    /// What is not in the tables as this program made them, each in a sentence or two for operators. Nothing while that is not known.
    #[must_use]
    pub fn strange(&self) -> Vec<String> {
        let mut strange = sync::lock(&self.0.strange);
        let found = self.read(|connection| {
            let version = connection.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
            if strange.version != Some(version) {
                let found = compare(connection, self.0.schema)?;
                *strange = Strange { version: Some(version), found };
            }
            Ok(strange.found.clone())
        });
        found.unwrap_or_default()
    }
}

fn compare(connection: &Connection, schema: Schema) -> rusqlite::Result<Vec<String>> {
    // One of an older schema that still serves.
    if mark::shape(connection)? != schema.shape() {
        return Ok(Vec::new());
    }
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(schema.create)?;
    let (made, there) = (objects(&fresh)?, objects(connection)?);
    let lacks = made.difference(&there).map(|Object { kind, name, table }| {
        format!(
            "Its database lacks the {kind} {name} of the table {table}: queries that need it read the whole table. Rebuild the read model, \
             which makes it again."
        )
    });
    let triggers = there.difference(&made).filter(|object| object.kind == "trigger");
    let has = triggers.map(|Object { name, table, .. }| {
        format!(
            "Its database has the trigger {name} on the table {table}, which is not this program's: it runs with every change, and makes \
             the read model slower. Drop it, or rebuild the read model."
        )
    });
    Ok(lacks.chain(has).collect())
}

fn objects(connection: &Connection) -> rusqlite::Result<BTreeSet<Object>> {
    let mut query = connection.prepare(
        "SELECT type, name, tbl_name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    )?;
    let objects = query.query_map([], |row| {
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)? })
    })?;
    objects.collect()
}
