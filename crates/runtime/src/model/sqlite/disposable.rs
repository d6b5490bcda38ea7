//! A database that may be thrown away at any time and has no checkpoint.

use std::sync::Mutex;

use kernel::sync;
use rusqlite::Connection;

use super::{Location, Schema, beside, files, mark, tables};
use crate::ModelError;

/// A database that is replaced as soon as it turns out damaged.
#[derive(Debug)]
pub struct Disposable {
    location: Location,
    schema: Schema,
    /// None while it cannot be opened again.
    connection: Mutex<Option<Connection>>,
}

impl Disposable {
    /// Opens the database; one that is damaged is set aside first, if it is known to be ours.
    pub fn open(location: Location, schema: Schema) -> Result<Self, ModelError> {
        let connection = match open(&location, schema) {
            Err(ModelError::Damaged(_)) => {
                mark::set_aside(&location, schema)?;
                open(&location, schema)
            }
            opened => opened,
        };
        let connection = connection.map_err(|error| tables::explained(error, &location))?;
        Ok(Self { location, schema, connection: Mutex::new(Some(connection)) })
    }

    /// Works with the database. Where that finds it damaged, an empty one is put in its place.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ModelError> {
        let mut held = sync::lock(&self.connection);
        let connection = match &mut *held {
            Some(connection) => connection,
            closed => closed.insert(open(&self.location, self.schema)?),
        };
        let result = work(connection).map_err(ModelError::from);
        if matches!(result, Err(ModelError::Damaged(_))) {
            *held = None;
            mark::move_aside(&self.location, self.schema)?;
        }
        result
    }
}

fn open(location: &Location, schema: Schema) -> Result<Connection, ModelError> {
    let connection = location.open()?;
    let owner = mark::owner(&connection, location, schema)?;
    location.configure(&connection)?;
    if matches!(owner, mark::Owner::Ours(_)) {
        tables::whole(&connection, location, schema)?;
    }
    mark::put(&connection, schema)?;
    connection.execute_batch(schema.create)?;
    files::private(location);
    beside::keep(location, schema);
    Ok(connection)
}
