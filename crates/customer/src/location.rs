//! Where the read model lives.

use std::str::FromStr;

use chassis::{LocationError, sqlite::Location};

use crate::model::RedisLocation;

/// Where the read model lives: in a database of this instance's own, or on a server that all instances share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelLocation {
    Sqlite(Location),
    Redis(RedisLocation),
}

impl From<Location> for ModelLocation {
    fn from(location: Location) -> Self {
        Self::Sqlite(location)
    }
}

impl FromStr for ModelLocation {
    type Err = LocationError;

    /// `sqlite:FILE` or `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]`.
    fn from_str(text: &str) -> Result<Self, LocationError> {
        match text.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => text.parse().map(Self::Sqlite),
            Some("redis" | "rediss") => text.parse().map(Self::Redis),
            _ => Err(LocationError::Scheme(
                "sqlite:FILE or redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]",
            )),
        }
    }
}
