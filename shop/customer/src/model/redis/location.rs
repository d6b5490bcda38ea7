//! Where the model lives on a Redis server.

use std::{fmt, str::FromStr};

use redis::{ConnectionInfo, IntoConnectionInfo};
use runtime::{LocationError, ServerLocation};

use crate::model::Redis;

/// The default prefix of all keys; the braces keep them together on a server that divides its keys.
const PREFIX: &str = "{agora:customer}";

/// A Redis server, a database of it, and the prefix of all keys.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisLocation {
    url: String,
    /// The server's address without what is secret.
    pub(super) address: String,
    pub(super) prefix: String,
}

impl fmt::Debug for RedisLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisLocation({} {})", self.address, self.prefix)
    }
}

impl RedisLocation {
    /// The prefix of another generation, which no pattern of the first one's keys takes for its own.
    pub(super) fn generation(&self, number: u32) -> Self {
        Self { prefix: format!("{}.gen{number}", self.prefix), ..self.clone() }
    }

    pub(super) fn connection(&self) -> redis::RedisResult<ConnectionInfo> {
        self.url.as_str().into_connection_info()
    }
}

impl ServerLocation for RedisLocation {
    type Engine = Redis;
}

impl FromStr for RedisLocation {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let refuse = |reason: String| Err(LocationError::Url(reason));
        let url = redis::parse_redis_url(text).filter(|url| url.host_str().is_some());
        let Some(mut url) = url else {
            return refuse("this is not the URL of a Redis server".to_owned());
        };
        if url.scheme() != "redis" {
            return refuse("only redis:// without TLS is built in".to_owned());
        }
        let mut prefix = PREFIX.to_owned();
        for (name, value) in url.query_pairs() {
            if name != "prefix" {
                return refuse(format!("there is no parameter {name:?}, only prefix"));
            }
            prefix = value.into_owned();
        }
        // Nothing that a pattern of keys would take for more than itself.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:{}".contains(c);
        if prefix.is_empty() || !prefix.chars().all(plain) {
            return refuse("a prefix is letters, digits and any of - _ . : { }".to_owned());
        }
        url.set_query(None);
        let host = url.host_str().unwrap_or_default();
        let address = format!("{host}:{}{}", url.port().unwrap_or(6379), url.path());
        let location = Self { url: url.to_string(), address, prefix };
        match location.connection() {
            Ok(_) => Ok(location),
            Err(error) => refuse(error.to_string()),
        }
    }
}
