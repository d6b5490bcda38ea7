//! Where a read model lives: in a database of its own, or on a server.

use std::str::FromStr;

use super::{
    server::{ServerEngine, ServerLocation},
    sqlite,
};
use crate::LocationError;

/// Where a read model lives: in a database of this instance's own, or on a server (`S`) that all instances share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelLocation<S> {
    /// A database of this instance's own.
    Sqlite(sqlite::Location),
    /// A server that all instances share.
    Server(S),
}

impl<S> From<sqlite::Location> for ModelLocation<S> {
    fn from(location: sqlite::Location) -> Self {
        Self::Sqlite(location)
    }
}

impl<S: ServerLocation> FromStr for ModelLocation<S> {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => text.parse().map(Self::Sqlite),
            Some(scheme) if S::Engine::SCHEMES.contains(&scheme) => text.parse().map(Self::Server),
            _ => Err(LocationError::Scheme(S::Engine::FORMS)),
        }
    }
}
