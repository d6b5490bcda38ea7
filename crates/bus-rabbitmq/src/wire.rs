//! The JSON wire format, the same for every language: CloudEvents, requests, replies, announcements.
//!
//! Unknown members are ignored; an event's `data` is passed on unchanged.

mod append;
mod event;
mod read;
mod system;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Names;

pub use event::{batch, parse_batch, routing_key};
pub use system::{HEAD, RECORDED, SERVICE, SYSTEM, service_key, service_of};

/// The longest routing key that AMQP knows.
pub(crate) const KEY_BYTES_MAX: usize = 255;
/// The longest reason in a reply.
const REASON_CHARS_MAX: usize = 300;
/// The content type of recorded events.
pub const CLOUDEVENT: &str = "application/cloudevents+json";
/// The content type of several of them (CloudEvents JSON format, 4: JSON batch).
pub const CLOUDEVENTS: &str = "application/cloudevents-batch+json";
/// The content type of everything else.
pub const JSON: &str = "application/json";

/// A malformed message, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(String);

/// A message with a form on the wire.
pub trait Wire: Sized {
    /// The message as it is sent by the system with these names.
    fn encode(&self, names: &Names) -> Vec<u8>;
    /// The message that a program of the system with these names has sent.
    fn decode(bytes: &[u8], names: &Names) -> Result<Self, Malformed>;
}

/// The reply to a request that can never be served.
#[must_use]
pub fn refused(reason: &str) -> Vec<u8> {
    to_json(&Refused { result: "refused", reason })
}

#[derive(Serialize)]
struct Refused<'a> {
    result: &'static str,
    reason: &'a str,
}

impl Malformed {
    /// Truncated: the reason may quote a long text from another program.
    pub(crate) fn because(what: &dyn std::fmt::Display) -> Self {
        Self(what.to_string().chars().take(REASON_CHARS_MAX).collect())
    }
}

fn to_json(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages are plain data with text for keys")
}

fn from_json<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Malformed> {
    serde_json::from_slice(bytes).map_err(|error| Malformed::because(&error))
}
