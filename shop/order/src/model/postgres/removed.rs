//! Removes a generation that is no longer needed.

use tokio_postgres::error::SqlState;

use super::server::{Connection, Failure, NAMES, Server};

impl Server {
    /// Removes our tables and, unless there is something else in it, the schema.
    pub(super) async fn remove(&self) -> Result<(), Failure> {
        let namespace = &self.location().namespace;
        let connection = Connection(Some(self.pool.get().await?));
        let mark = format!("SELECT to_regclass('{namespace}.checkpoint') IS NOT NULL");
        let is_ours: bool = connection.query_one(&mark, &[]).await?.try_get(0)?;
        if !is_ours {
            connection.give_back();
            return Ok(());
        }
        // What another program does with them is not waited for.
        connection.batch_execute("SET lock_timeout = '1s'").await?;
        let tables = NAMES.map(|table| format!("{namespace}.\"{table}\"")).join(", ");
        let sql = format!("DROP TABLE IF EXISTS {tables}, {namespace}.generations");
        connection.batch_execute(&sql).await?;
        let dropped = connection.batch_execute(&format!("DROP SCHEMA IF EXISTS {namespace}")).await;
        match dropped {
            Err(error) if error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {}
            dropped => dropped?,
        }
        // With its own settings the connection is of no use to others.
        drop(connection);
        Ok(())
    }
}
