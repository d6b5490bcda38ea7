//! Where the model lives on a PostgreSQL server.

use std::{fmt, str::FromStr};

use runtime::{LocationError, ModelError, ServerLocation};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::model::Postgres;

/// The default schema of the tables.
const NAMESPACE: &str = "agora_order";

/// A PostgreSQL server, a database of it, and the schema that holds the tables.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresLocation {
    pub(super) config: Box<Config>,
    pub(super) namespace: String,
}

impl fmt::Debug for PostgresLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresLocation({} {})", self.address(), self.namespace)
    }
}

impl PostgresLocation {
    /// The schema of another generation.
    pub(super) fn generation(&self, number: u32) -> Result<Self, ModelError> {
        /// The server cuts longer names off.
        const BYTES_MAX: usize = 63;
        let namespace = format!("{}_gen{number}", self.namespace);
        if namespace.len() > BYTES_MAX {
            return Err(ModelError::Other(format!(
                "the schema name {} is too long for another generation beside it; name a shorter one with ?schema=NAME",
                self.namespace
            )));
        }
        Ok(Self { namespace, ..self.clone() })
    }

    /// The server's address without what is secret.
    pub(super) fn address(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        format!("{host}:{}", self.config.get_ports().first().unwrap_or(&5432))
    }
}

impl ServerLocation for PostgresLocation {
    type Engine = Postgres;
}

impl FromStr for PostgresLocation {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let refuse = |reason: String| Err(LocationError::Url(reason));
        let (server, parameters) = text.split_once('?').unwrap_or((text, ""));
        let mut namespace = NAMESPACE;
        let mut others = Vec::new();
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.strip_prefix("schema=") {
                Some(name) => namespace = name,
                None => others.push(parameter),
            }
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if namespace.is_empty() || !namespace.chars().all(plain) {
            return refuse("a schema name is lower-case letters, digits and _".to_owned());
        }
        let config: Config = match format!("{server}?{}", others.join("&")).parse() {
            Ok(config) => config,
            Err(error) => {
                // What is wrong with it is in the error's cause.
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                return refuse(cause.unwrap_or_else(|| error.to_string()));
            }
        };
        if config.get_ssl_mode() == SslMode::Require {
            return refuse("only connections without TLS are built in".to_owned());
        }
        if config.get_hosts().is_empty() {
            return refuse("the URL names no server".to_owned());
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return refuse("the URL names no database".to_owned());
        }
        Ok(Self { config: Box::new(config), namespace: namespace.to_owned() })
    }
}
