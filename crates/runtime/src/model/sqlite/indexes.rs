//! Indexes that only readers need. A generation that is being built goes without them until it is to serve: sorting all rows once costs
//! much less than finding the place of each.

use rusqlite::Connection;

use super::Database;
use crate::ModelError;

impl Database {
    /// Creates indexes that are missing, and from now on with the tables wherever those are created again. `create` must be SQL of the form
    /// `CREATE INDEX IF NOT EXISTS …; …`.
    pub(super) fn index(&self, create: &'static str) -> Result<(), ModelError> {
        // One model has one set of them.
        let _same = self.0.indexes.set(create);
        self.write(|writer| Ok(write(writer, create)?))
    }

    /// With tables that were created again and are empty.
    pub(super) fn index_again(&self, writer: &Connection) -> rusqlite::Result<()> {
        self.0.indexes.get().map_or(Ok(()), |create| writer.execute_batch(create))
    }
}

fn write(writer: &Connection, create: &str) -> rusqlite::Result<()> {
    // Sorted in memory, millions of rows would need a hundred megabytes. Where no temporary file can be made, that is the only way.
    writer.execute_batch("PRAGMA temp_store = FILE")?;
    let sorted_in_files = writer.execute_batch(create);
    writer.execute_batch("PRAGMA temp_store = MEMORY")?;
    sorted_in_files.or_else(|_| writer.execute_batch(create))
}
