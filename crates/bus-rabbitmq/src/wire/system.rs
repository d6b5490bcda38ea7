//! Periodic broadcasts: the head of the log, and announcements of services.

use kernel::Position;
use serde::{Deserialize, Serialize};

use crate::Names;

use super::{KEY_BYTES_MAX, Malformed, Wire, from_json, to_json};
use store::Announcement;

/// Prefix of the routing keys of all messages that are not recorded events.
pub const SYSTEM: &str = "system.";
/// The routing key of the log's last position.
pub const HEAD: &str = "system.head";
/// The routing key of all events of one broadcast in one message, for consumers that want every event.
pub const RECORDED: &str = "system.recorded";
/// The routing key of announcements, with `.` and the service's name behind it where the broker checks who announces what. Without
/// a name it is that of programs that may write to all exchanges, such as services of before.
pub const SERVICE: &str = "system.service";

/// The routing key of announcements of `service`: the broker lets no other service use it.
#[must_use]
pub fn service_key(service: &str) -> String {
    let mut key = format!("{SERVICE}.{service}");
    while key.len() > KEY_BYTES_MAX {
        key.pop();
    }
    key
}

/// The service that announces itself under this routing key.
#[must_use]
pub fn service_of(routing_key: &str) -> Option<&str> {
    routing_key.strip_prefix(SERVICE)?.strip_prefix('.')
}

#[derive(Serialize, Deserialize)]
struct Head {
    position: Position,
}

impl Wire for Position {
    fn encode(&self, _: &Names) -> Vec<u8> {
        to_json(&Head { position: *self })
    }

    fn decode(bytes: &[u8], _: &Names) -> Result<Self, Malformed> {
        from_json(bytes).map(|Head { position }| position)
    }
}

impl Wire for Announcement {
    fn encode(&self, _: &Names) -> Vec<u8> {
        to_json(self)
    }

    fn decode(bytes: &[u8], _: &Names) -> Result<Self, Malformed> {
        from_json(bytes)
    }
}
