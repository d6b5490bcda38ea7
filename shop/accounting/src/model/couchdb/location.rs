//! Where the model lives on a CouchDB server.

use std::{fmt, str::FromStr};

use reqwest::Url;
use runtime::{LocationError, ServerLocation};

use crate::model::CouchDb;

/// A CouchDB server, who we are there, and the database.
#[derive(Clone, PartialEq, Eq)]
pub struct CouchDbLocation {
    /// The database's address, name and password included.
    pub(super) url: Url,
    pub(super) database: String,
}

impl fmt::Debug for CouchDbLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CouchDbLocation({} {})", self.address(), self.database)
    }
}

impl CouchDbLocation {
    /// The database of another generation.
    pub(super) fn generation(&self, number: u32) -> Self {
        self.beside(&format!("_gen{number}"))
    }

    /// The database with the record of the generations.
    pub(super) fn records(&self) -> Self {
        self.beside("_generations")
    }

    fn beside(&self, suffix: &str) -> Self {
        let database = format!("{}{suffix}", self.database);
        let mut url = self.url.clone();
        url.set_path(&database);
        Self { url, database }
    }

    /// The server's address without what is secret.
    pub(super) fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.url.port_or_known_default().unwrap_or_default())
    }

    /// An address below the server's root.
    pub(super) fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(path);
        url
    }

    /// An address in the database.
    pub(super) fn in_database(&self, path: &str) -> Url {
        self.at(&format!("{}/{path}", self.database))
    }
}

impl ServerLocation for CouchDbLocation {
    type Engine = CouchDb;
}

impl FromStr for CouchDbLocation {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let refuse = |reason: &str| Err(LocationError::Url(reason.to_owned()));
        let Ok(url) = Url::parse(text) else {
            return refuse("this is not the URL of a CouchDB server");
        };
        if url.scheme() != "http" {
            return refuse("only http:// without TLS is built in");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("the URL of a CouchDB database takes no parameters");
        }
        let database = url.path().trim_matches('/').to_owned();
        if database.is_empty() {
            return refuse("the URL names no database");
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-+$()".contains(c);
        if !database.starts_with(|c: char| c.is_ascii_lowercase()) || !database.chars().all(plain) {
            return refuse(
                "a database name is a lower-case letter, then lower-case letters, digits and any of _ - + $ ( )",
            );
        }
        Ok(Self { url, database })
    }
}
