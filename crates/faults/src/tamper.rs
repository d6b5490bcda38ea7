//! Tampering with the database of a read model: an index is dropped, a trigger slows every change down.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;

/// How long a change waits for those of the service itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was done to an SQLite file, and how it is undone.
#[derive(Debug)]
pub struct Tampering {
    file: PathBuf,
    undo: String,
}

impl Tampering {
    /// Drops an index.
    pub fn drop_index(file: &Path, index: &str) -> Result<Self, String> {
        let open = open(file)?;
        let sql = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?1";
        let made: String = open.query_row(sql, [index], |row| row.get(0)).map_err(said)?;
        open.execute_batch(&format!("DROP INDEX {index}")).map_err(said)?;
        let undo = made.replacen("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1);
        Ok(Self { file: file.to_owned(), undo })
    }

    /// Has every change of the read model join all rows of `table` with each other, in a trigger of that name.
    pub fn slow_trigger(file: &Path, trigger: &str, table: &str) -> Result<Self, String> {
        let sql = format!(
            "CREATE TRIGGER {trigger} AFTER UPDATE ON checkpoint BEGIN
                 SELECT count(*) FROM {table} one, {table} other, (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)
                 WHERE one.placed + other.placed < 0;
             END"
        );
        open(file)?.execute_batch(&sql).map_err(said)?;
        let undo = format!("DROP TRIGGER IF EXISTS {trigger}");
        Ok(Self { file: file.to_owned(), undo })
    }

    /// Makes the database what it was.
    pub fn undo(self) -> Result<(), String> {
        open(&self.file)?.execute_batch(&self.undo).map_err(said)
    }
}

fn open(file: &Path) -> Result<Connection, String> {
    let open = Connection::open(file).map_err(said)?;
    open.busy_timeout(PATIENCE).map_err(said)?;
    Ok(open)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what errors are mapped with")]
fn said(error: rusqlite::Error) -> String {
    error.to_string()
}
