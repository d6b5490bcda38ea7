//! Where the read model lives.

use std::str::FromStr;

use chassis::{LocationError, sqlite::Location};

use crate::model::PostgresLocation;

/// Where the read model lives: in a database of this instance's own, or on a server that all instances share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelLocation {
    Sqlite(Location),
    Postgres(PostgresLocation),
}

impl From<Location> for ModelLocation {
    fn from(location: Location) -> Self {
        Self::Sqlite(location)
    }
}

impl FromStr for ModelLocation {
    type Err = LocationError;

    /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST[:PORT]/DATABASE[?schema=NAME]`.
    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => text.parse().map(Self::Sqlite),
            Some("postgres" | "postgresql") => text.parse().map(Self::Postgres),
            _ => Err(LocationError::Scheme(
                "sqlite:FILE or postgres://USER:PASSWORD@HOST[:PORT]/DATABASE[?schema=NAME]",
            )),
        }
    }
}
