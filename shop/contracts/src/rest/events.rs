//! Answers of the event store.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::customer::Personal;

/// A recorded event as managers see it; encrypted data stays encrypted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecordedEvent {
    pub position: u64,
    pub stream: String,
    pub version: u64,
    pub id: Uuid,
    pub r#type: String,
    /// The schema number of `Data`.
    pub schema: u32,
    #[schema(value_type = String, format = DateTime)]
    pub time: Timestamp,
    pub actor: String,
    pub correlation: Uuid,
    pub traceparent: Option<String>,
    /// For reactions: the reactor.
    pub reactor: Option<String>,
    /// For reactions: the position reacted to.
    pub cause: Option<u64>,
    /// For commands that may be retried: identifies the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// As recorded; without the file, where it is a picture.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

impl RecordedEvent {
    /// The user name, if the event registers someone.
    #[must_use]
    pub fn registered(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Registered {
            personal: Personal,
        }
        let registered: Registered = serde_json::from_str(self.data.get()).ok()?;
        registered.personal.user
    }
}

/// Identifies retries of a command.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Idempotency {
    /// Derived from the user, the call, and the key that the client sent.
    pub key: Uuid,
    /// A digest of the request.
    pub request: Uuid,
    /// Whether the command created the stream's subject.
    pub creates: bool,
}

/// What people did, the latest first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Audit {
    pub items: Vec<RecordedEvent>,
    /// The `After` of the next page; null on the last one.
    #[schema(required)]
    pub next: Option<String>,
    /// What was recorded after this position may be missing.
    pub indexed_to: u64,
    /// How many there are on all pages, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// The types of which events are recorded.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecordedTypes {
    /// By name.
    pub items: Vec<RecordedType>,
    /// What was recorded after this position may be missing.
    pub indexed_to: u64,
}

/// A type of events, and how many are recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RecordedType {
    pub r#type: String,
    pub events: u64,
}

/// How far an upgrade of the shop is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Upgrade {
    /// Whether everything that this version can record is recorded. Otherwise what older versions read is recorded.
    pub finished: bool,
    /// Whether it finishes only when a manager says so.
    pub held: bool,
    /// The newest schema number by event type that is recorded; 1 of a type that is not named.
    pub recorded: BTreeMap<String, u32>,
    /// The same once the upgrade is finished.
    pub reads: BTreeMap<String, u32>,
    /// The instances that announce themselves; none in a shop that is one process.
    pub instances: Vec<Instance>,
}

/// An instance of a service, as it announces itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    pub service: String,
    /// Tells the instances of a service apart.
    pub name: String,
    pub version: String,
    /// The newest schema number by event type that it reads; 1 of a type that is not named.
    pub reads: BTreeMap<String, u32>,
    /// Whether it reads everything that would be recorded: the upgrade cannot be finished while one does not.
    pub ready: bool,
}

/// The end of the log.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Head {
    pub position: u64,
}
