//! The entries of the model's inbox.

use deadpool_postgres::Transaction;
use kernel::{Position, StreamId, Version};
use runtime::{ModelError, SetAside};
use tokio_postgres::{Error, Row};

use super::{read, values::number};

pub(super) const ENTRIES: &str =
    "SELECT position, stream, version, reason FROM aside ORDER BY position";

pub(super) async fn note(tx: &Transaction<'_>, event: &SetAside) -> Result<(), Error> {
    let SetAside { position, stream, version, reason } = event;
    let statement = tx.prepare_cached("INSERT INTO aside VALUES ($1, $2, $3, $4)").await?;
    let (position, version) = (number(position.0), number(version.0));
    tx.execute(&statement, &[&position, &stream.as_str(), &version, reason]).await.map(drop)
}

pub(super) async fn remove(tx: &Transaction<'_>, entry: &SetAside) -> Result<(), Error> {
    let statement = tx.prepare_cached("DELETE FROM aside WHERE position = $1").await?;
    tx.execute(&statement, &[&number(entry.position.0)]).await.map(drop)
}

/// A row of [`ENTRIES`].
pub(super) fn entry(row: &Row) -> Result<SetAside, ModelError> {
    let failed = |error: Error| ModelError::Other(error.to_string());
    let stream: &str = row.try_get(1).map_err(failed)?;
    let position: Position = read::column(row, 0).map_err(failed)?;
    let version: u64 = read::column(row, 2).map_err(failed)?;
    Ok(SetAside {
        position,
        stream: StreamId::parse(stream).map_err(|error| ModelError::Other(error.to_string()))?,
        version: Version(version),
        reason: row.try_get(3).map_err(failed)?,
    })
}
