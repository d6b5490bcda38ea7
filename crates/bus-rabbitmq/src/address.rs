//! The address of a broker, and why a connection to it is refused.

use lapin::{
    Error, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
    uri::AMQPUri,
};
use thiserror::Error;

/// The heartbeat interval in seconds, unless the address sets another; a side is considered gone after twice this.
const HEARTBEAT_SECONDS: u16 = 3;

/// An invalid address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the bus's address {0}")]
pub struct BadAddress(String);

/// Where the broker is. Shown without user and password.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) uri: AMQPUri,
    shown: String,
}

/// Why there is no connection.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Not reachable now; it may be later.
    Unreachable(String),
    /// Retrying fails until the settings change.
    Refused(String),
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, BadAddress> {
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let bad = |why: &str| Err(BadAddress(why.to_owned()));
        match scheme {
            "amqp" => {}
            "amqps" => {
                return bad("begins with amqps://, which this build does not support; use amqp://");
            }
            "" => return bad("is not of the form amqp://user:password@host:port/vhost"),
            other => return bad(&format!("begins with {other}://, not with amqp://")),
        }
        if rest.split('/').next().is_none_or(|host| host.is_empty() || host.contains('[')) {
            return bad("names no host (a name or an IPv4 address)");
        }
        // The parser's own words name neither user nor password here.
        let mut uri: AMQPUri =
            text.parse().map_err(|error| BadAddress(format!("cannot be parsed: {error}")))?;
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        let shown =
            format!("{}:{}, virtual host {}", uri.authority.host, uri.authority.port, uri.vhost);
        Ok(Self { uri, shown })
    }

    /// What a failed connection means, in one sentence.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        let user = &self.uri.authority.userinfo.username;
        let ErrorKind::ProtocolError(said) = error.kind() else {
            return Failure::Unreachable(format!("RabbitMQ at {self} cannot be reached: {error}"));
        };
        let text = said.get_message().to_string();
        let refused = match said.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) if text.contains("Login") => {
                format!("RabbitMQ at {self} refuses user {user} or the password")
            }
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                format!(
                    "RabbitMQ at {self} denies user {user} the required rights: {text}. Its rights are set by deploy/broker"
                )
            }
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => format!(
                "RabbitMQ at {self}: the virtual host is missing or not for user {user}: {text}"
            ),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => format!(
                "RabbitMQ at {self} has a queue that was declared with other settings; delete it or use these: {text}"
            ),
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => {
                return Failure::Unreachable(format!(
                    "RabbitMQ at {self} is not set up yet: {text}; the event store does that when it starts"
                ));
            }
            _ => {
                return Failure::Unreachable(format!(
                    "RabbitMQ at {self} closed the connection: {error}"
                ));
            }
        };
        Failure::Refused(refused)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({self})")
    }
}
