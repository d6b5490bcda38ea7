//! Where the read model lives.

use std::str::FromStr;

use chassis::{LocationError, sqlite::Location};

use crate::model::CouchDbLocation;

/// Where the read model lives: in a database of this instance's own, or on a server that all instances share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelLocation {
    Sqlite(Location),
    CouchDb(CouchDbLocation),
}

impl From<Location> for ModelLocation {
    fn from(location: Location) -> Self {
        Self::Sqlite(location)
    }
}

impl FromStr for ModelLocation {
    type Err = LocationError;

    /// `sqlite:FILE` or `http://USER:PASSWORD@HOST[:PORT]/DATABASE` (CouchDB).
    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => text.parse().map(Self::Sqlite),
            Some("http" | "https") => text.parse().map(Self::CouchDb),
            _ => Err(LocationError::Scheme(
                "sqlite:FILE or http://USER:PASSWORD@HOST[:PORT]/DATABASE (CouchDB)",
            )),
        }
    }
}
